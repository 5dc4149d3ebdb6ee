import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"Releasing","description":"","frontmatter":{},"headers":[],"relativePath":"releasing.md","filePath":"releasing.md"}');
const _sfc_main = { name: "releasing.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="releasing" tabindex="-1">Releasing <a class="header-anchor" href="#releasing" aria-label="Permalink to &quot;Releasing&quot;">​</a></h1><p>ferrograd is one package of JavaScript and types, <code>ferrograd</code>, and one package per platform that holds the addon alone (<code>npm/</code>: <code>ferrograd-linux-x64-gnu</code> and so on). The package names the platform packages as optional dependencies; npm installs the one that fits. Nothing is compiled, downloaded or run at install.</p><ol><li>Set the version in <code>package.json</code> and <code>Cargo.toml</code>, then run <code>npm install --package-lock-only</code>, <code>cargo update --workspace</code> and <code>npx napi version</code> (which carries it to <code>npm/*</code>).</li><li><code>.ci/run</code> must pass; <code>check:package</code> installs the packed tarballs into an empty project and uses them.</li><li>Commit, tag <code>v&lt;version&gt;</code>, push the tag. <code>.github/workflows/release.yml</code> builds the eight binaries and publishes: platform packages first, then the package.</li></ol><table tabindex="0"><thead><tr><th>platform</th><th>built on</th><th>how</th></tr></thead><tbody><tr><td>Linux x64, arm64, glibc ≥ 2.17</td><td>Linux</td><td><code>--use-napi-cross</code></td></tr><tr><td>Linux x64, arm64, musl</td><td>Linux</td><td>zig (<code>--cross-compile</code>)</td></tr><tr><td>macOS x64, arm64</td><td>macOS</td><td>as is</td></tr><tr><td>Windows x64, arm64</td><td>Windows</td><td>as is</td></tr></tbody></table><h2 id="optional-dependencies-are-written-at-release" tabindex="-1">Optional dependencies are written at release <a class="header-anchor" href="#optional-dependencies-are-written-at-release" aria-label="Permalink to &quot;Optional dependencies are written at release&quot;">​</a></h2><p>The committed <code>package.json</code> has no <code>optionalDependencies</code>: they would name packages that are not published yet, and a lock file cannot pin those, so <code>npm ci</code> would fail in every clone. <code>napi pre-publish</code> adds them, at the package&#39;s own version, in the release job only. A clone uses <code>native/ferrograd.&lt;platform&gt;.node</code>, which the loader looks for first.</p><p>A new platform is one line in <code>napi.targets</code> of <code>package.json</code>, one in the release matrix, and <code>npx napi create-npm-dirs</code>.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("releasing.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const releasing = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  releasing as default
};
