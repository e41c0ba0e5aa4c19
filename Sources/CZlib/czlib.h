/// The parts of zlib (zlib1g-dev) that the data plane uses: deflate. `deflateInit2` is a macro;
/// Swift calls `deflateInit2_`, the function behind it.
#pragma once
#include <zlib.h>
