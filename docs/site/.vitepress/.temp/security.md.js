import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"Security","description":"","frontmatter":{},"headers":[],"relativePath":"security.md","filePath":"security.md"}');
const _sfc_main = { name: "security.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="security" tabindex="-1">Security <a class="header-anchor" href="#security" aria-label="Permalink to &quot;Security&quot;">​</a></h1><h2 id="reporting" tabindex="-1">Reporting <a class="header-anchor" href="#reporting" aria-label="Permalink to &quot;Reporting&quot;">​</a></h2><p>Please report a vulnerability in private: on the repository&#39;s page under <em>Security → Report a vulnerability</em>, or to the authors named in <code>package.json</code>. Say which version, which platform, and what to run or which file to open. You get an answer within a week, and a fix or a plan within a month; the report stays private until then. Please do not open a public issue first.</p><p>Fixes go into the newest minor version (<a href="./changelog.html#versions">versions</a>).</p><h2 id="what-counts" tabindex="-1">What counts <a class="header-anchor" href="#what-counts" aria-label="Permalink to &quot;What counts&quot;">​</a></h2><table tabindex="0"><thead><tr><th>what</th><th>promise</th></tr></thead><tbody><tr><td><strong>files</strong>: <code>.keras</code>, <code>.weights.h5</code>, <code>.safetensors</code>, checkpoints, IDX</td><td>data, never code. Whatever the bytes, loading ends soon, with an error or a model, in little more memory than the file has bytes; no path leaves the archive; classes come from a closed table and from what you pass. Readers are fuzzed (<code>crates/formats/fuzz</code>)</td></tr><tr><td><strong>arrays and options</strong></td><td>checked before anything changes. Shared, resizable and detached buffers are refused; JavaScript&#39;s memory is read only while the call that was given it lasts</td></tr><tr><td><strong>memory safety</strong></td><td><code>unsafe</code> is confined to <code>crates/kernels</code> and <code>crates/node</code>, and forbidden elsewhere by the compiler. A crash of the process by any use of the public API is a vulnerability</td></tr><tr><td><strong>install</strong></td><td>no install script, no download, no runtime dependency; the binary is published with provenance</td></tr><tr><td><strong>privacy</strong></td><td>nothing is collected or sent</td></tr></tbody></table><p>A model that somebody else trained may still say what its trainer wanted: check where it comes from. How much time and memory a training takes is up to who calls it: limit both where the caller is not trusted.</p></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("security.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const security = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  security as default
};
