import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse('{"title":"TruePositives","description":"","frontmatter":{},"headers":[],"relativePath":"api/metrics/classes/TruePositives.md","filePath":"api/metrics/classes/TruePositives.md"}');
const _sfc_main = { name: "api/metrics/classes/TruePositives.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}><h1 id="truepositives" tabindex="-1">TruePositives <a class="header-anchor" href="#truepositives" aria-label="Permalink to &quot;TruePositives&quot;">​</a></h1><p>How many positives were predicted positive, weighted.</p><p><code>Σ w·[y = 1 and ŷ &gt; threshold]</code>, for each threshold.</p><h2 id="example" tabindex="-1">Example <a class="header-anchor" href="#example" aria-label="Permalink to &quot;Example&quot;">​</a></h2><div class="language-ts vp-adaptive-theme"><button title="Copy Code" class="copy"></button><span class="lang">ts</span><pre class="shiki shiki-themes github-light github-dark vp-code" tabindex="0"><code><span class="line"><span style="--shiki-light:#D73A49;--shiki-dark:#F97583;">import</span><span style="--shiki-light:#24292E;--shiki-dark:#E1E4E8;"> { TruePositives } </span><span style="--shiki-light:#D73A49;--shiki-dark:#F97583;">from</span><span style="--shiki-light:#032F62;--shiki-dark:#9ECBFF;"> &#39;ferrograd/metrics&#39;</span></span>
<span class="line"></span>
<span class="line"><span style="--shiki-light:#D73A49;--shiki-dark:#F97583;">const</span><span style="--shiki-light:#005CC5;--shiki-dark:#79B8FF;"> metric</span><span style="--shiki-light:#D73A49;--shiki-dark:#F97583;"> =</span><span style="--shiki-light:#D73A49;--shiki-dark:#F97583;"> new</span><span style="--shiki-light:#6F42C1;--shiki-dark:#B392F0;"> TruePositives</span><span style="--shiki-light:#24292E;--shiki-dark:#E1E4E8;">({ thresholds: [</span><span style="--shiki-light:#005CC5;--shiki-dark:#79B8FF;">0.3</span><span style="--shiki-light:#24292E;--shiki-dark:#E1E4E8;">, </span><span style="--shiki-light:#005CC5;--shiki-dark:#79B8FF;">0.6</span><span style="--shiki-light:#24292E;--shiki-dark:#E1E4E8;">] })</span></span></code></pre></div><h2 id="options" tabindex="-1">Options <a class="header-anchor" href="#options" aria-label="Permalink to &quot;Options&quot;">​</a></h2><table tabindex="0"><thead><tr><th>option</th><th>default</th><th></th></tr></thead><tbody><tr><td><code>thresholds</code><br><code>number | readonly number[] | null</code></td><td><code>null</code></td><td>Predictions above it are positive: one number, or several to count at each.</td></tr><tr><td><code>dtype</code><br><code>FloatDType | null</code></td><td><code>null</code></td><td>The element type of its state; the configured float type unless given.</td></tr><tr><td><code>name</code><br><code>string | null</code></td><td><code>null</code></td><td>Its key in logs.</td></tr></tbody></table><h2 id="see" tabindex="-1">See <a class="header-anchor" href="#see" aria-label="Permalink to &quot;See&quot;">​</a></h2><p><code>keras.metrics.TruePositives</code></p><h2 id="extends" tabindex="-1">Extends <a class="header-anchor" href="#extends" aria-label="Permalink to &quot;Extends&quot;">​</a></h2><ul><li><code>Count</code></li></ul></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("api/metrics/classes/TruePositives.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const TruePositives = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  TruePositives as default
};
