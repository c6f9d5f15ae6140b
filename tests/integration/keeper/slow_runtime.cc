// A runtime of containers that waits first: --wait=SECONDS, then the program of --then=PATH with
// all other arguments. Without the latter it has failed.
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <vector>

int main(int argc, char** argv) {
  constexpr std::string_view kWait = "--wait=";
  constexpr std::string_view kThen = "--then=";
  const char* then = nullptr;
  std::vector<char*> arguments;
  for (char* each : std::vector<char*>(argv, argv + argc)) {
    const std::string_view text = each;
    if (text.starts_with(kWait)) {
      ::sleep(static_cast<unsigned>(std::atoi(each + kWait.size())));
    } else if (text.starts_with(kThen)) {
      then = each + kThen.size();
    } else {
      arguments.push_back(each);
    }
  }
  if (then == nullptr) return 1;
  arguments.push_back(nullptr);
  ::execv(then, arguments.data());
  return 1;
}
