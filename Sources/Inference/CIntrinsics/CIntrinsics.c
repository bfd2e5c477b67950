// The target is its header; SwiftPM asks for one source file.
#include "CIntrinsics.h"
