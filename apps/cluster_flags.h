// apps/cluster_flags.h - the command line that programs share which work in a Kubernetes cluster:
// which API server they ask, who they are to it, and how they begin.
//
//   strata-operator, strata-activator --> [ ClusterProgram, ClusterFlags ] --> AccessTo
//
// Threads:  one, before anything runs. Errors: a wrong command line is CLI11's to refuse, with 2.
#pragma once

#include <csignal>
#include <string>

#include <CLI/CLI.hpp>

#include "tls/context.h"

namespace strata {

inline constexpr int kUsageError = 2;

struct ClusterFlags {
  std::string server;  // https://HOST:PORT; empty: the pod's own cluster
  tls::Files files;
  std::string token;
};

class ClusterProgram {
 public:
  ClusterProgram(const char* about, const char* name) : app_{about, name} {
    std::signal(SIGPIPE, SIG_IGN);
    app_.set_version_flag("--version", std::string(name) + " " + STRATA_VERSION);
    app_.add_option("--server", flags_.server, "API server, https://HOST:PORT");
    app_.add_option("--ca", flags_.files.ca, "who signs its certificate (PEM)");
    app_.add_option("--certificate", flags_.files.certificate, "our certificate (PEM)");
    app_.add_option("--key", flags_.files.key, "its key (PEM)");
    app_.add_option("--token", flags_.token, "file with a service account's token");
  }

  // For a program's own options, before Run().
  [[nodiscard]] CLI::App& app() { return app_; }

  // What `run` says of the flags, or what a wrong command line, --help or --version end with.
  int Run(int argc, char** argv, auto run) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return app_.exit(error) == 0 ? 0 : kUsageError;
    }
    return run(flags_);
  }

 private:
  CLI::App app_;
  ClusterFlags flags_;
};

}  // namespace strata
