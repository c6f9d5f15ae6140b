// http/server/answer_batch.h - answers of several connections that leave together.
//
// Waking a client that sleeps costs the sender more than the send itself. With many connections
// ready, a server that sends after each request wakes its client once for each; one that answers a
// few and then sends finds it awake. A batch is what one round of the loop answers, at most
// kAnswers. Its answers are held until it ends, provided that the batch before it had more than
// one and took no longer than kLongest: so nothing waits on a quiet server, nor behind a loop that
// has other work (a guest's slice) between two answers.
//
// Threads: on the loop. Lifetime: of the ServerState that owns it; connections Forget() themselves.
// Tested by http/server/answer_batch_test.cc.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace strata::http {

class AnswerBatch {
 public:
  // What has bytes to send.
  class Sender {
   public:
    // Sends what the kernel takes now. False: some is left, try again.
    virtual bool Flush() noexcept = 0;

   protected:
    ~Sender() = default;
  };

  static constexpr std::uint32_t kAnswers = 8;
  static constexpr Duration kLongest = std::chrono::milliseconds(1);

  explicit AnswerBatch(const Clock& clock) : clock_(clock) {}

  // An answer is complete. True: it is held, and Close() or a full batch sends it.
  bool Hold(Sender& sender);

  // Sends what `sender` has when the batch ends; the answers that it may hold are not counted.
  void Add(Sender& sender);

  // Sends everything that is held and measures how long it was.
  void Close();

  // To be called before a sender dies.
  void Forget(Sender& sender);

 private:
  const Clock& clock_;
  std::vector<Sender*> held_;
  TimePoint since_{};
  std::uint32_t answers_ = 0;  // since the last Close()
  bool holds_ = false;         // as the last batch showed that it pays
};

}  // namespace strata::http
