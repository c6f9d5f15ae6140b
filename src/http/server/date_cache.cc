#include "http/server/date_cache.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace strata::http {
namespace {

constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

}  // namespace

// By hand and not with strftime: its names of days and months depend on the locale.
void DateCache::Update(WallTime now) {
  namespace chrono = std::chrono;
  const auto second = chrono::floor<chrono::seconds>(now);
  if (second.time_since_epoch().count() == second_) return;
  second_ = second.time_since_epoch().count();
  const auto day = chrono::floor<chrono::days>(second);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss time{second - day};
  std::array<char, 64> text;
  const int size = std::snprintf(
      text.data(), text.size(), "Date: %s, %02u %s %04d %02d:%02d:%02d GMT\r\n",
      kDays[chrono::weekday{day}.c_encoding()], static_cast<unsigned>(date.day()),
      kMonths[static_cast<unsigned>(date.month()) - 1], static_cast<int>(date.year()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()));
  line_.assign(text.data(), static_cast<std::size_t>(size));
}

}  // namespace strata::http
