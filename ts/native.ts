/** The one import of the addon: everything native comes through here. */
export {
  apply,
  applyAll,
  BindingColumns,
  BindingEpoch,
  BindingOutputs,
  BindingProfile,
  BindingProgram,
  BindingRuntime,
  BindingTensor,
  BindingVariable,
  firstNonFinite,
  gradients,
  version,
} from '../native/index.cjs'
