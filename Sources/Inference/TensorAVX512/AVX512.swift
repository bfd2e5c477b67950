/// The kernels that need AVX-512 F, BW, DQ, VL and VNNI. What each computes is defined by the kernel of the same name
/// in `Portable` of module Tensor.
public enum AVX512 {}
