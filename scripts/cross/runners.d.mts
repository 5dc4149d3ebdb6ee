/** Types of what the tests use of `runners.mjs`. */
export const runners: Readonly<Record<string, { readonly why?: string; readonly majors?: readonly number[] }>>
