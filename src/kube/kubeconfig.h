// kube/kubeconfig.h - a kubeconfig file: which cluster, and who we are there.
//
//   ~/.kube/config --> [ ReadKubeconfig ] --> apps/strata --controller/api_client.h--> API server
//
// The format is kubectl's (Kubernetes' client-go, v1.Config). What it says that would change whom
// we trust or who we are, and that we do not do (other programs that are asked for credentials,
// certificates that are not checked, proxies, impersonation), is refused; the rest of what is not
// known here is another program's business and left out.
//
// Threads: pure. Errors: kInvalidArgument with every problem, one a line, each with its place in
// the file. The file is the user's own; it has secrets, and no message quotes one. Tested by
// kubeconfig_test.cc.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace strata::kube {

// What a file holds, by its path or as its bytes; neither: there is none.
struct FileOrBytes {
  std::filesystem::path path;
  std::string bytes;
  [[nodiscard]] bool empty() const noexcept { return path.empty() && bytes.empty(); }
};

struct Kubeconfig {
  std::string server;       // https://HOST:PORT
  FileOrBytes ca;           // PEM: who signs its certificate; none: a public authority
  FileOrBytes certificate;  // PEM, ours; with `key`
  FileOrBytes key;
  FileOrBytes token;  // or this one; there is one of the two
  std::string space;  // the context's namespace; "default" where it has none
};

// `file`: from where `text` is; relative paths in it begin at its folder. `context`: by name;
// empty: the file's current one.
Result<Kubeconfig> ReadKubeconfig(std::string_view text, const std::filesystem::path& file,
                                  std::string_view context);

}  // namespace strata::kube
