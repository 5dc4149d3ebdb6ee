/** camelCase here, snake_case in Keras: the same names. */

/** `'leakyRelu'` → `'leaky_relu'`. */
export type SnakeCase<S extends string> = S extends `${infer C}${infer Rest}`
  ? `${C extends Lowercase<C> ? C : `_${Lowercase<C>}`}${SnakeCase<Rest>}`
  : ''

/** A camelCase name or Keras's snake_case spelling of it. */
export type Spelling<S extends string> = S | SnakeCase<S>

/** `'leakyRelu'` → `'leaky_relu'`; what has no small letters is no camelCase: `'ROC'` stays. */
export function snake(name: string): string {
  if (!/[a-z]/.test(name)) return name
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** `'leaky_relu'` → `'leakyRelu'`. */
export function camel(name: string): string {
  return name.replace(/_+([a-zA-Z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** What all spellings of a name share: `'meanSquaredError'`, `'mean_squared_error'` and `'MeanSquaredError'` are one. */
export function canonical(name: string): string {
  return name.replaceAll('_', '').toLowerCase()
}

/** The name an object of a class goes by, as Keras derives it: `'BatchNormalization'` → `'batch_normalization'`. */
export function snakeClass(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
}

/** The entry of `table` whose key is a spelling of `name`. */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  if (Object.hasOwn(table, name)) return table[name]
  const wanted = canonical(name)
  for (const [key, value] of Object.entries(table)) if (canonical(key) === wanted) return value
  return undefined
}
