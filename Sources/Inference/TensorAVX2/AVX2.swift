/// The kernels that need AVX2, FMA and F16C. What each computes is defined by the kernel of the same name in `Portable`
/// of module Tensor.
public enum AVX2 {}
