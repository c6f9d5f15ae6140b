// installed.h - programs that a verb may use where they are installed.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace strata::cli {

// Where PATH has a program of that name; nothing: it is not installed.
std::optional<std::filesystem::path> FindInstalled(std::string_view name);

}  // namespace strata::cli
