/** The one import of the addon: everything native comes through here. */
export {
  apply,
  applyAll,
  BindingColumns,
  BindingEpoch,
  BindingOutputs,
  BindingProgram,
  BindingRuntime,
  BindingTensor,
  BindingVariable,
  gradients,
  version,
} from '../native/index.cjs'
