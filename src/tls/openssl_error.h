// tls/openssl_error.h - OpenSSL's error queue as text. Internal to this folder.
//
// The queue belongs to the thread: clear it before a call, read it after the same call.
#pragma once

#include <string>

namespace strata::tls {

// The queue's oldest error, which is the cause of the others, in OpenSSL's words; empties the
// queue. "no reason given" when it is empty.
std::string OpensslReason();

}  // namespace strata::tls
