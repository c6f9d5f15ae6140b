#include "advisor/report/refusal.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "advisor/report/kinds.h"
#include "advisor/report/words.h"
#include "base/check.h"

namespace strata::advisor {
namespace {

using Filling = std::vector<std::string>;

// In the order of Refusal, then as others write them. The first that fits is taken: what stands
// behind another is outermost, and what is more definite goes before what is less.
constexpr std::array kSentences = {
    Word{"{0} (units here: {1})", "{0}（此处可用单位：{1}）"},
    Word{"{0}; '{1}' is the counterpart of '{2}'", "{0}；'{1}' 与 '{2}' 对应"},
    Word{"{0}; the other way round it is said", "{0}；反过来则有文档这样表述"},
    Word{"{0}; '{1}' shows what is between them", "{0}；'{1}' 显示两者之间的关系"},
    Word{"no document says that '{0}' {1} '{2}'", "没有文档这样表述：'{0}' {1} '{2}'"},
    Word{"no {0} is called just '{1}'; did you mean {2}?",
         "仅凭 '{1}' 无法确定是哪个{0}；是否指 {2}？"},
    Word{"no {0} '{1}'; did you mean {2}?", "没有{0} '{1}'；是否指 {2}？"},
    Word{"no {0} '{1}'; '{2}' lists them", "没有{0} '{1}'；'{2}' 会列出全部"},
    Word{"no {0} '{1}'; there are: {2}", "没有{0} '{1}'；可用：{2}"},
    Word{"no row of the tables of stacks has the {0} '{1}'", "技术栈各表中没有{0} '{1}' 的行"},
    Word{"no {0} '{1}'", "没有{0} '{1}'"},
    Word{"'{0}' is no number", "'{0}' 不是数值"},
    Word{"{0} does not measure what is given in {1}", "{0} 不能度量以 {1} 计的量"},
    Word{"{0}: '{1}' is none of: {2}", "{0}：'{1}' 不在可选值之中：{2}"},
    Word{"{0}: '{1}' is not from {2} to {3}", "{0}：'{1}' 不在 {2} 至 {3} 之间"},
    Word{"{0}: '{1}' is not at least 0", "{0}：'{1}' 小于 0"},
    Word{"'{0}' is not VARIABLE=VALUE", "'{0}' 不是“变量=值”的形式"},
    Word{"{0} is said twice: '{1}' and '{2}'", "{0} 给了两个值：'{1}' 和 '{2}'"},
    Word{"second_need: '{0}' is none of the scenario '{1}': {2}",
         "second_need：'{0}' 不是场景 '{1}' 的需求：{2}"},
    Word{"function_type: the manifest is a {0}", "function_type：清单是 {0}"},
    Word{"'{0}' is not NAME=VALUE, as in r=0.2 or limit_ms=0.01s",
         "'{0}' 不是“名称=值”的形式，例如 r=0.2 或 limit_ms=0.01s"},
    Word{"'{0}': it is what is spent, so 0 or negative", "'{0}'：它是支出，须为 0 或负数"},
    Word{"'{0}': it is at least {1} and at most {2}", "'{0}'：它须不小于 {1} 且不大于 {2}"},
    Word{"'{0}': it is a whole number", "'{0}'：它须为整数"},
    Word{"{0} is set twice: to {1} and {2}", "{0} 设了两个值：{1} 和 {2}"},
    Word{"these parameters take too many steps a draw: at most {0} draws",
         "这些参数使每次抽样的步数过多：最多 {0} 次抽样"},
    Word{"at most {0} draws", "最多 {0} 次抽样"},
    Word{"the spread is a share from 0 to 1", "不确定幅度是 0 至 1 的比例"},
    Word{"dimensions of what? Name concepts or classes", "哪些对象的维度？请给出概念或类别"},
    Word{"'{0}' is there twice", "'{0}' 出现了两次"},
    Word{"'{0}' and '{1}' have no columns in common: compare concepts and classes, or technologies",
         "'{0}' 与 '{1}' 没有共同的列：请比较概念与类别，或比较技术"},
    Word{"the dimensions are of concepts; technologies have their own",
         "这些维度属于概念；技术有自己的维度"},
    Word{"a path is between two different nodes", "路径须连接两个不同的节点"},
    Word{"nothing connects '{0}' and '{1}'", "没有路径连接 '{0}' 与 '{1}'"},
    Word{"nothing was measured here yet: 'strata measure' on the server's host does",
         "此处尚无测量：请在服务器所在主机运行 'strata measure'"},
    Word{"the record has no rows: it was written before 'strata measure' kept samples; measure "
         "again",
         "记录中没有行：它写于 'strata measure' 保存样本之前；请重新测量"},
    Word{"--out '{0}': no such folder; make it first", "--out '{0}'：没有该文件夹；请先创建"},
    Word{"'{0}' is there and was not made by 'strata report'; move it away",
         "'{0}' 已存在，且不是 'strata report' 生成的；请将其移走"},
    Word{"a picture of a graph is drawn by Graphviz's 'dot', which is not installed (package "
         "graphviz); its forms dot and mermaid need nothing",
         "图的图片由 Graphviz 的 'dot' 绘制，但未安装（软件包 graphviz）；dot 与 mermaid "
         "形式无需它"},
    Word{"the manifest is wrong: {0}", "清单有误（说明为英文）：{0}"},
    Word{"{0}: one workload is recommended for at a time, and it has {1}: say each in a file of "
         "its own",
         "{0}：每次只为一个负载给出建议，而其中有 {1}：请分别放在各自的文件中"},
    Word{"{0}: there is no Function or Service in it", "{0}：其中没有 Function 或 Service"},
    Word{"name '{0}' {1}", "名称 '{0}' 不合规则（说明为英文）：{1}"},
    Word{"artifact '{0}' {1}", "制品 '{0}' 不合规则（说明为英文）：{1}"},
    Word{"artifact: not UTF-8, which a manifest is", "制品：不是 UTF-8，而清单须是 UTF-8"},
    Word{"--manifest prints YAML or JSON; without it the manifest is a section of -o {0}",
         "--manifest 只输出 YAML 或 JSON；不加它时，清单是 -o {0} 的一节"},
    Word{"--ask needs a terminal; say --set VARIABLE=VALUE", "--ask 需要终端；请用 --set 变量=值"},
    // As FailErrno ends what 'strata report' says, and as DidYouMean (base/strings.h) and Names
    // write them.
    Word{"nothing can be written to '{0}': {1}", "无法写入 '{0}'：{1}"},
    Word{"{0}; did you mean '{1}'?", "{0}；是否指 '{1}'？"},
    Word{"{0} or '{1}'", "{0} 或 '{1}'"},
};

// What stands in a place of a sentence and is no sentence.
constexpr std::array kWords = {
    Word{"a plain number", "纯数值"},
    Word{"case", "案例"},
    Word{"class", "类别"},
    Word{"concept", "概念"},
    Word{"concept, class or technology", "概念、类别或技术"},
    Word{"concept of the learning paths", "学习路径中的概念"},
    Word{"device", "设备"},
    Word{"diagram", "图"},
    Word{"dimension", "维度"},
    Word{"domain", "领域"},
    Word{"goal", "目标"},
    Word{"kernel feature", "内核特性"},
    Word{"layer", "层"},
    Word{"learning path", "学习路径"},
    Word{"level", "级别"},
    Word{"level of C4", "C4 层级"},
    Word{"mapping", "映射"},
    Word{"model", "模型"},
    Word{"need", "需求"},
    Word{"node", "节点"},
    Word{"output", "输出"},
    Word{"parameter", "参数"},
    Word{"part of the roadmap", "路线图部分"},
    Word{"relation", "关系"},
    Word{"scenario", "场景"},
    Word{"term", "术语"},
    Word{"type of node", "节点类型"},
    Word{"unit", "单位"},
    Word{"variable", "变量"},
};

constexpr std::size_t kPlace = 3;  // "{0}"

// Where the next place of a sentence is.
std::size_t NextPlace(std::string_view sentence, std::size_t from) {
  return std::min(sentence.find('{', from), sentence.size());
}

std::size_t NumberAt(std::string_view sentence, std::size_t place) {
  return static_cast<std::size_t>(sentence[place + 1] - '0');
}

std::string Fill(std::string_view sentence, const Filling& with) {
  std::string text;
  for (std::size_t at = 0; at < sentence.size();) {
    const std::size_t place = NextPlace(sentence, at);
    text += sentence.substr(at, place - at);
    if (place == sentence.size()) break;
    const std::size_t number = NumberAt(sentence, place);
    STRATA_CHECK(number < with.size());
    text += with[number];
    at = place + kPlace;
  }
  return text;
}

// What `sentence` was filled with to be `text`; its places are numbered as they come. Nothing: it
// is another sentence.
std::optional<Filling> Read(std::string_view sentence, std::string_view text) {
  Filling with;
  std::size_t place = NextPlace(sentence, 0);
  if (!text.starts_with(sentence.substr(0, place))) return std::nullopt;
  std::size_t at = place;
  while (place < sentence.size()) {
    const std::size_t next = NextPlace(sentence, place + kPlace);
    const std::string_view behind = sentence.substr(place + kPlace, next - place - kPlace);
    const bool last = next == sentence.size();
    // The end of a sentence is the text's end, whatever of it stands before.
    if (last && !text.ends_with(behind)) return std::nullopt;
    const std::size_t end = last ? text.size() - behind.size() : text.find(behind, at);
    if (end == std::string_view::npos || end < at) return std::nullopt;
    with.emplace_back(text.substr(at, end - at));
    at = end + behind.size();
    place = next;
  }
  if (at != text.size()) return std::nullopt;
  return with;
}

// What somebody said or may say stands in quotes.
bool IsQuoted(std::string_view sentence, std::size_t place) {
  return place > 0 && sentence[place - 1] == '\'';
}

std::string Chinese(std::string_view text);

std::string InChinese(const Word& sentence, Filling with) {
  for (std::size_t place = NextPlace(sentence.english, 0); place < sentence.english.size();
       place = NextPlace(sentence.english, place + kPlace)) {
    std::string& each = with[NumberAt(sentence.english, place)];
    if (!IsQuoted(sentence.english, place)) each = Chinese(each);
  }
  return Fill(sentence.chinese, with);
}

std::optional<std::string> ChineseSentence(std::string_view text) {
  for (const Word& sentence : kSentences) {
    if (auto with = Read(sentence.english, text)) return InChinese(sentence, std::move(*with));
  }
  return std::nullopt;
}

// As it is where it is neither a sentence nor a word of ours. Where it was said comes first, as
// Wrap writes it: "r: '5 foo': no unit 'foo'".
std::string Chinese(std::string_view text) {
  if (const auto word = ChineseOf(kWords, text); !word.empty()) return std::string(word);
  if (const Text relation = RelationText(text); !relation.zh.empty()) return relation.zh;
  if (auto whole = ChineseSentence(text)) return *whole;
  for (std::size_t colon = text.find(": "); colon != std::string_view::npos;
       colon = text.find(": ", colon + 2)) {
    if (const auto rest = ChineseSentence(text.substr(colon + 2))) {
      return std::string(text.substr(0, colon)) + "：" + *rest;
    }
  }
  return std::string(text);
}

}  // namespace

std::string Say(Refusal sentence, std::initializer_list<std::string_view> with) {
  return Fill(kSentences[static_cast<std::size_t>(sentence)].english,
              Filling(with.begin(), with.end()));
}

std::unexpected<Error> Refuse(Errc code, Refusal sentence,
                              std::initializer_list<std::string_view> with) {
  return Fail(code, Say(sentence, with));
}

Error InLanguage(Error error, Language language) {
  if (language == Language::kChinese) error.message = Chinese(error.message);
  return error;
}

}  // namespace strata::advisor
