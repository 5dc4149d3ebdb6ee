/** Types of what the benches and tests use of `lib.mjs`. */
export function hostPlatform(): string
