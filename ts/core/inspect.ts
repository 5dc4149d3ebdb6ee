/** How `console.log` shows our objects. */

const INSPECT = Symbol.for('nodejs.util.inspect.custom')

/** Shows instances of `type` by `describe`: without their numbers, which may not be there yet. */
export function inspectWith<T>(type: { readonly prototype: T }, describe: (instance: T) => string): void {
  Object.defineProperty(type.prototype, INSPECT, {
    value(this: T) {
      return describe(this)
    },
  })
}
