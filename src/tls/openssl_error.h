// tls/openssl_error.h - OpenSSL's error queue as text. Internal to this folder.
//
// For the words of an Error: the code is whoever calls's to choose.
//
// Threads:  the queue belongs to the thread: clear it before a call, read it after the same call,
//           and let no other coroutine in between. Never fails. Tested through the folder's tests.
#pragma once

#include <string>

namespace strata::tls {

// The queue's oldest error, which is the cause of the others, in OpenSSL's words; empties the
// queue. "no reason given" when it is empty.
std::string OpensslReason();

}  // namespace strata::tls
