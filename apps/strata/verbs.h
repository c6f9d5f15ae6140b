// verbs.h - every verb of `strata`. Each adds itself to the command line and runs when it was
// chosen; what it found goes to standard output, its failure to Session::Report.
//
// A verb is in a file of its own or its family's (get.cc has describe and delete), with its
// options, its help and its output; main.cc calls each once, and --help lists them in its order.
//
// Threads:  one. Lifetime: `app` and `session` outlive the parsing, in which verbs run.
// Errors:   none here; a wrong command line is CLI11's to refuse (exit code 2).
#pragma once

#include <CLI/CLI.hpp>

#include "client/session.h"

namespace strata::cli {

void AddUp(CLI::App& app, Session& session);
void AddDown(CLI::App& app, Session& session);
void AddApply(CLI::App& app, Session& session);
void AddGet(CLI::App& app, Session& session);
void AddDescribe(CLI::App& app, Session& session);
void AddExplain(CLI::App& app, Session& session);
void AddDelete(CLI::App& app, Session& session);
void AddInvoke(CLI::App& app, Session& session);
void AddLogs(CLI::App& app, Session& session);
void AddExec(CLI::App& app, Session& session);
void AddCp(CLI::App& app, Session& session);
void AddPause(CLI::App& app, Session& session);  // and resume
void AddSnapshot(CLI::App& app, Session& session);
void AddRestore(CLI::App& app, Session& session);
void AddFork(CLI::App& app, Session& session);
void AddRollout(CLI::App& app, Session& session);
void AddTop(CLI::App& app, Session& session);
void AddCost(CLI::App& app, Session& session);
void AddSandbox(CLI::App& app, Session& session);
void AddVolume(CLI::App& app, Session& session);
void AddProbe(CLI::App& app, Session& session);
void AddMeasure(CLI::App& app, Session& session);
void AddSimulate(CLI::App& app, Session& session);
void AddCompare(CLI::App& app, Session& session);
void AddAlign(CLI::App& app, Session& session);
void AddRecommend(CLI::App& app, Session& session);
void AddGraph(CLI::App& app, Session& session);
void AddVersions(CLI::App& app, Session& session);
void AddFields(CLI::App& app, Session& session);
void AddCrds(CLI::App& app, Session& session);
void AddModel(CLI::App& app, Session& session);
void AddRoadmap(CLI::App& app, Session& session);
void AddReport(CLI::App& app, Session& session);
void AddStatus(CLI::App& app, Session& session);
void AddVersion(CLI::App& app, Session& session);
void AddCompletion(CLI::App& app, Session& session);
void AddMan(CLI::App& app, Session& session);
void AddHelp(CLI::App& app, Session& session);

}  // namespace strata::cli
