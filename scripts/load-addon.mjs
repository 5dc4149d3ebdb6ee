// How the built package loads its addon. `scripts/build-ts.mjs` writes the text of this function into `dist/index.cjs`, in
// the place of a plain `require`, so it uses nothing from outside but that: file tracers and bundlers see where the addon is.

/** The addon; or, where none loads on this machine, an error that says what was looked for and what to do. */
export function loadAddon() {
  try {
    return require('../native/index.cjs')
  } catch (error) {
    const causes = []
    for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause.message.split('\n')[0])
    const given = process.env.NAPI_RS_NATIVE_LIBRARY_PATH
    if (given) {
      // The loader tries nothing else then, but a build for WebAssembly: the first error is that of this file.
      const lines = [
        `ferrograd: NAPI_RS_NATIVE_LIBRARY_PATH is '${given}', and that does not load: ${causes.at(-1)}`,
        `Unset it, and the package's own binary is taken; or give the absolute path of a binary for ${process.platform}-${process.arch}`,
        '(npm start in a clone makes native/ferrograd.*.node).',
      ]
      throw Object.assign(new Error(lines.join('\n'), { cause: error }), { code: 'ERR_ADDON' })
    }
    const looked = new Set(causes.join(' ').match(/ferrograd[-.](?:[a-z0-9]+-)+[a-z0-9]+(?:\.node)?/g))
    // What was there and would not load (a C library that is too old, a damaged file) says so itself.
    const refused = causes.filter((text) => !/^Cannot find (module|native binding)|^Failed to load/.test(text))
    const lines = [
      `ferrograd: no binary loads on ${process.platform}-${process.arch} with Node.js ${process.versions.node}.`,
      `Looked for: ${looked.size > 0 ? [...looked].join(', ') : 'nothing, as this platform has none'}.`,
      ...refused.map((text) => `Refused: ${text}`),
      'What helps:',
      '- node_modules came from another machine or image: delete it, and install here',
      '- package-lock.json lacks the optional packages of this platform (https://github.com/npm/cli/issues/4828): delete',
      '  node_modules and package-lock.json, and run npm install once',
      '- optional dependencies were left out (--omit=optional, --no-optional): install with them',
      '- a bundler took the package in: mark ferrograd as external',
      '- there is none for this platform: build it in a clone (npm start), set NAPI_RS_NATIVE_LIBRARY_PATH to the file',
    ]
    throw Object.assign(new Error(lines.join('\n'), { cause: error }), { code: 'ERR_ADDON' })
  }
}
