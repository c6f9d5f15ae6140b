#include "advisor/recommend/answer.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "model/resource.h"
#include "scheduler/placing/strategy.h"

namespace strata::advisor {
namespace {

using model::Class;

constexpr std::size_t kManyTrees = 4;  // of six

// scheduler::BelowFloor's words in both languages.
Text WhyLeftOut(std::string_view why) {
  const std::string english(why);
  if (why.contains("security: high")) return {english, "requires.security: high 要求独立虚拟机"};
  if (why.contains("compatibility: high")) {
    return {english, "requires.compatibility: high 要求独立虚拟机"};
  }
  return {english, "requires.security: medium 不允许共享主机内核"};
}

// The classes that most sources of a kind come to, of those that may be used, the one that isolates
// least first.
struct Votes {
  std::vector<Class> most;
  std::size_t count = 0;
  Text left_out;  // each class that may not be used, with its reason
};

Votes Count(const std::vector<Source>& sources, Counts counts, const model::Requires& asked) {
  std::map<Class, std::size_t> each_count;
  for (const Source& source : sources) {
    if (source.counts != counts) continue;
    for (const Class each : source.comes_to) ++each_count[each];
  }
  Votes votes;
  for (const auto& [each, count] : each_count) {
    if (const auto why = scheduler::BelowFloor(asked, each); !why.empty()) {
      const std::string name(model::ClassName(each));
      const Text reason = WhyLeftOut(why);
      votes.left_out = Join(votes.left_out, ", ",
                            {name + " (" + reason.en + ")", name + "（" + reason.zh + "）"});
      continue;
    }
    if (count < votes.count) continue;
    if (count > votes.count) votes.most.clear();
    votes.most.push_back(each);
    votes.count = count;
  }
  return votes;
}

// The class of the scheduler's rule, or the least above it that may be used: only its container may
// be below what is asked for, and then the next class is not.
Class LeastAllowed(const model::Requires& asked, Class by_rule) {
  return scheduler::BelowFloor(asked, by_rule).empty() ? by_rule : Class::kAppkernel;
}

bool Has(const std::vector<Class>& classes, Class sandbox_class) {
  return std::ranges::find(classes, sandbox_class) != classes.end();
}

// What the trees that come to the answer are of those that come to any.
Text Majority(const Answer& answer, const std::vector<Class>& equals, Class by_rule) {
  if (equals.size() > 1) {
    const std::string tie = NamesOf(equals);
    if (answer.sandbox_class == by_rule) {
      return {"a tie (" + tie + "), which the scheduler's rule decides",
              "票数相同（" + tie + "），由调度规则决定"};
    }
    return {"a tie (" + tie + "), of which it isolates most",
            "票数相同（" + tie + "），取隔离最强者"};
  }
  if (answer.came == 1) return {"the only tree that comes to a class", "唯一得出类别的决策树"};
  if (answer.agree == answer.came) return {"all trees come to it", "所有决策树均得出该类别"};
  if (2 * answer.agree > answer.came) return {"most trees come to it", "多数决策树得出该类别"};
  return {"more trees come to it than to any other", "得出该类别的决策树最多"};
}

Text WithoutTrees(const Case& about, bool others) {
  const Text none{"no tree comes to a class that may be used: ", "没有决策树得出可用的类别："};
  if (others) {
    return Join(none, "",
                {"it is what the rules, stars and scenario weights come to",
                 "取规则、星级与场景权重的结论"});
  }
  if (about.IsEmpty()) {
    return {"nothing is known yet: the scheduler's default", "尚无已知条件：调度器的默认类别"};
  }
  return Join(none, "", {"the scheduler's rule", "按调度规则"});
}

Confidence ConfidenceOf(const Answer& answer) {
  if (answer.sources_came == 0) return Confidence::kNone;
  const bool many = answer.came >= kManyTrees;
  if (many && 4 * answer.sources_agree >= 3 * answer.sources_came) return Confidence::kHigh;
  const bool most = 2 * answer.sources_agree > answer.sources_came;
  return most && answer.sources_came > 1 ? Confidence::kMedium : Confidence::kLow;
}

void CountAgreement(const std::vector<Source>& sources, Answer& answer) {
  for (const Source& source : sources) {
    const bool tree = source.counts == Counts::kVotes;
    if (tree && source.open) ++answer.open;
    if (source.counts == Counts::kNever || source.comes_to.empty()) continue;
    const std::size_t agrees = Has(source.comes_to, answer.sandbox_class) ? 1 : 0;
    ++answer.sources_came;
    answer.sources_agree += agrees;
    if (!tree) continue;
    ++answer.came;
    answer.agree += agrees;
  }
}

Text ConfidenceText(Confidence confidence) {
  switch (confidence) {
    case Confidence::kNone:
      return {"none", "无"};
    case Confidence::kLow:
      return {"low", "低"};
    case Confidence::kMedium:
      return {"medium", "中"};
    case Confidence::kHigh:
      break;
  }
  return {"high", "高"};
}

}  // namespace

Answer Decide(const Case& about, const std::vector<Source>& sources) {
  const model::Requires asked = about.Asked();
  const Class by_rule = about.ByRule();
  const Votes trees = Count(sources, Counts::kVotes, asked);
  const Votes others = Count(sources, Counts::kWhereTreesAreSilent, asked);
  const std::vector<Class>& equals = trees.most.empty() ? others.most : trees.most;
  Answer answer{.sandbox_class = LeastAllowed(asked, by_rule)};
  if (!equals.empty()) answer.sandbox_class = Has(equals, by_rule) ? by_rule : equals.back();
  CountAgreement(sources, answer);
  answer.because = trees.most.empty() ? WithoutTrees(about, !others.most.empty())
                                      : Majority(answer, equals, by_rule);
  if (!trees.left_out.empty()) {
    const Text left_out = Join({"left out: ", "排除："}, "", trees.left_out);
    answer.because = Join(answer.because, "; ", left_out);
  }
  answer.confidence = ConfidenceOf(answer);
  return answer;
}

Section AnswerSection(const Answer& answer) {
  Section section{.id = "answer",
                  .title = {"Answer", "结论"},
                  .columns = {{"class", {"class", "类别"}},
                              {"because", {"because", "理由"}},
                              {"agree", {"trees that agree", "一致的决策树"}},
                              {"of", {"of", "共"}},
                              {"open", {"trees that need more", "条件不足的决策树"}},
                              {"sources_agree", {"sources that agree", "一致的来源"}},
                              {"sources_of", {"of", "共"}},
                              {"confidence", {"confidence", "可信度"}}}};
  const auto count = [](std::size_t number) { return NumberCell(static_cast<double>(number)); };
  section.rows.push_back({WordCell(model::ClassName(answer.sandbox_class)),
                          TextCell(answer.because), count(answer.agree), count(answer.came),
                          count(answer.open), count(answer.sources_agree),
                          count(answer.sources_came), TextCell(ConfidenceText(answer.confidence))});
  section.notes.push_back(
      {"Confidence: high where four trees or more come to a class and three quarters of all "
       "sources "
       "that do agree; medium where two or more do and more than half agree; none where none does; "
       "else low.",
       "可信度：至少四棵决策树得出类别且全部有结论的来源中四分之三一致为高；至少两个来源有结论且过"
       "半一致为中；"
       "均无结论为无；其余为低。"});
  section.notes.push_back(
      {"The platform itself places by what it measured on this host: 'strata explain' shows how.",
       "平台按本机实测数据选择类别：'strata explain' 给出理由。"});
  return section;
}

}  // namespace strata::advisor
