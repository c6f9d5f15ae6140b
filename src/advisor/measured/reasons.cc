#include "advisor/measured/reasons.h"

#include <array>
#include <string>
#include <utility>

#include "advisor/report/words.h"

namespace strata::advisor {
namespace {

constexpr std::array kReasons = {
    Word{"is not part of a --quick run", "快速测量不含此项"},
    Word{"there was no time left for it", "时间不足"},
    Word{"there is nothing of the kind here", "此处没有这类内容"},
    Word{"WASI has no such call", "WASI 没有此调用"},
    Word{"a sandbox of this class is made in the call; none waits for it",
         "该类沙盒在调用中创建，不预先等待"},
    Word{"the memory of a server's cells is known on its machine only",
         "服务器各 cell 的内存仅在其本机可知"},
    Word{"this user is not told the memory of the server's cells",
         "当前用户无权读取服务器各 cell 的内存"},
    Word{"the server's public port is measured on its own machine only",
         "服务器的公开端口仅在其本机测量"},
    Word{"no bare process waits for its call", "没有裸进程等待调用"},
    Word{"nothing is around a bare process that it could escape from",
         "裸进程之外没有可逃逸的边界"},
    Word{"the two programs send nothing; what a network adds to a start and to a request is "
         "measured by the project's benchmarks (docs/performance.md)",
         "两个小程序不发送数据；网络对启动与请求的影响由项目的基准测试测量（docs/performance.md）"},
    Word{"this platform has no policy engine: its authorizer allows everything",
         "本平台没有策略引擎：其授权器允许一切"},
};

constexpr std::string_view kFailed = "a turn failed: ";

}  // namespace

Text ReasonText(std::string_view lacking) {
  const bool failed = lacking.starts_with(kFailed);
  const std::string_view what = failed ? lacking.substr(kFailed.size()) : lacking;
  std::string chinese(ChineseOf(kReasons, what));
  if (failed) chinese = "有一轮失败：" + (chinese.empty() ? std::string(what) : chinese);
  return {std::string(lacking), std::move(chinese)};
}

}  // namespace strata::advisor
