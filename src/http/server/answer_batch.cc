#include "http/server/answer_batch.h"

#include <algorithm>

namespace strata::http {

bool AnswerBatch::Hold(Sender& sender) {
  if (answers_++ == 0) since_ = clock_.Now();
  const bool held = holds_;
  if (held) Add(sender);
  if (answers_ == kAnswers) Close();
  return held;
}

void AnswerBatch::Add(Sender& sender) {
  if (std::ranges::find(held_, &sender) == held_.end()) held_.push_back(&sender);
}

void AnswerBatch::Close() {
  if (answers_ != 0) holds_ = answers_ > 1 && clock_.Now() - since_ <= kLongest;
  answers_ = 0;
  std::erase_if(held_, [](Sender* sender) { return sender->Flush(); });
}

void AnswerBatch::Forget(Sender& sender) { std::erase(held_, &sender); }

}  // namespace strata::http
