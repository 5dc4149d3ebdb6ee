// Fails in the way that the element asks for.
export default (element) => {
  if (element === 'throw') throw new RangeError('not this one')
  if (element === 'exit') process.exit(3)
  if (element === 'crash')
    setImmediate(() => {
      throw new Error('out of nowhere')
    })
  if (element === 'crash') return new Promise(() => undefined)
  if (element === 'function') return () => undefined
  return element
}
