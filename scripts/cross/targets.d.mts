/** Types of what the tests use of `targets.mjs`. */
export const targets: Readonly<Record<string, { readonly machine: string }>>
