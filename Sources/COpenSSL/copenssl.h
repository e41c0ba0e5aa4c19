/// The parts of OpenSSL (libssl-dev) that the control plane uses. Plain functions only: no macro
/// needs a shim so far.
#pragma once
#include <openssl/evp.h>
#include <openssl/hmac.h>
