/** What a call throws, for tests of more than its message; nothing where it returns. */
export function caught(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}
