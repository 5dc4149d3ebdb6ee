import { ssrRenderAttrs } from "vue/server-renderer";
import { useSSRContext } from "vue";
import { _ as _export_sfc } from "./plugin-vue_export-helper.1tPrXgE0.js";
const __pageData = JSON.parse(`{"title":"","description":"","frontmatter":{"layout":"home","hero":{"name":"ferrograd","text":"Train neural networks in Node.js","tagline":"Keras-like TypeScript on top, a Rust core below. Off the event loop, deterministic, without dependencies.","image":{"src":"/bar.svg","alt":"A training in a terminal, with a line for each epoch and a live bar"},"actions":[{"theme":"brand","text":"Getting started","link":"/getting-started"},{"theme":"alt","text":"Coming from Keras","link":"/keras"},{"theme":"alt","text":"API","link":"/api/"}]},"features":[{"title":"Keras's names, Keras's numbers","details":"Layers, losses, metrics and optimizers are held to fixtures that real Keras wrote in float64. Its model files are read and written.","link":"/keras"},{"title":"A background job","details":"The event loop stays free. Cancel with an AbortSignal, watch with for await, run several at once.","link":"/callbacks"},{"title":"Yours is as fast as ours","details":"Layers, losses and whole steps of your own are drawn in the same ops and compiled into the same program.","link":"/custom-training"},{"title":"The same bits","details":"One seed gives the same weights at any thread count, and a training that was killed goes on bit for bit.","link":"/determinism"},{"title":"Fast","details":"Measured beside PyTorch, JAX and TensorFlow.js, with the commands that measure it.","link":"/performance"},{"title":"Errors that help","details":"Misspelt options do not compile. What goes wrong at run time says what was expected, what came, and what to do.","link":"/errors"}]},"headers":[],"relativePath":"index.md","filePath":"index.md"}`);
const _sfc_main = { name: "index.md" };
function _sfc_ssrRender(_ctx, _push, _parent, _attrs, $props, $setup, $data, $options) {
  _push(`<div${ssrRenderAttrs(_attrs)}></div>`);
}
const _sfc_setup = _sfc_main.setup;
_sfc_main.setup = (props, ctx) => {
  const ssrContext = useSSRContext();
  (ssrContext.modules || (ssrContext.modules = /* @__PURE__ */ new Set())).add("index.md");
  return _sfc_setup ? _sfc_setup(props, ctx) : void 0;
};
const index = /* @__PURE__ */ _export_sfc(_sfc_main, [["ssrRender", _sfc_ssrRender]]);
export {
  __pageData,
  index as default
};
