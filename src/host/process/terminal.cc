#include "host/process/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <cerrno>
#include <cstdlib>

namespace strata::host {

Result<Terminal> MakeTerminal(TerminalSize size) {
  Terminal made{Fd(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)), Fd()};
  if (!made.outer.valid() || ::unlockpt(made.outer.get()) != 0) {
    return FailErrno("make a terminal", errno);
  }
  // By descriptor: the name that ptsname() gives may be another terminal's where we are.
  made.inner = Fd(::ioctl(made.outer.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!made.inner.valid()) return FailErrno("make a terminal", errno);
  if (auto sized = SetSize(made.outer, size); !sized) return std::unexpected(sized.error());
  return made;
}

Result<void> SetSize(const Fd& side, TerminalSize size) {
  const winsize now{.ws_row = size.rows, .ws_col = size.columns, .ws_xpixel = 0, .ws_ypixel = 0};
  if (::ioctl(side.get(), TIOCSWINSZ, &now) == 0) return {};
  return FailErrno("set the size of a terminal", errno);
}

Result<void> MakeRaw(const Fd& side) {
  termios settings{};
  if (::tcgetattr(side.get(), &settings) != 0) return FailErrno("terminal", errno);
  ::cfmakeraw(&settings);
  if (::tcsetattr(side.get(), TCSANOW, &settings) == 0) return {};
  return FailErrno("make a terminal raw", errno);
}

}  // namespace strata::host
