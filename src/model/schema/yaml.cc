#include "model/schema/yaml.h"

#include <istream>
#include <optional>
#include <set>
#include <streambuf>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "base/text/utf8.h"
#include "model/manifest/manifest.h"

namespace strata::model::schema {
namespace {

// Leaves yaml-cpp's parser, which has no other way to be stopped. Never escapes this file.
struct Refused {
  int line;
  int column;
  std::string message;
};

[[noreturn]] void Refuse(const YAML::Mark& mark, std::string message) {
  throw Refused{mark.line + 1, mark.column + 1, std::move(message)};
}

// Builds one document's tree from the parser's events.
class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(Problems& problems) : problems_(problems) {}

  // The document that was just finished; nothing if it was empty.
  std::optional<Document> Take() { return std::exchange(document_, std::nullopt); }

  void OnDocumentStart(const YAML::Mark&) override { sound_ = true; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Leaf(mark, anchor, "", Node{});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "aliases are not allowed in a manifest");
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override { RefuseAnchor(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.type = Node::Type::kScalar;
    node.quoted = tag == "!";  // yaml-cpp's mark of a quoted or block scalar
    node.text = value;
    Leaf(mark, anchor, tag, std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(mark, anchor, tag, Node::Type::kSequence);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(mark, anchor, tag, Node::Type::kMap);
  }
  void OnMapEnd() override { Close(); }

 private:
  // A collection that is still being read. In a map, `key` waits for its value.
  struct Level {
    Node node;
    std::optional<Member> key;
    std::set<std::string> names;
  };

  [[noreturn]] static void RefuseAnchor(const YAML::Mark& mark) {
    Refuse(mark, "anchors are not allowed in a manifest");
  }

  void Check(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag) {
    if (anchor != YAML::NullAnchor) RefuseAnchor(mark);
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse(mark, "tags are not allowed in a manifest");
    }
    if (++nodes_ > kMaxNodes) {
      Refuse(mark, "more than " + std::to_string(kMaxNodes) + " values in one file");
    }
  }

  void Leaf(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag, Node node) {
    Check(mark, anchor, tag);
    node.line = mark.line + 1;
    node.column = mark.column + 1;
    Place(std::move(node));
  }

  void Open(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag,
            Node::Type type) {
    Check(mark, anchor, tag);
    if (levels_.size() >= static_cast<std::size_t>(kMaxDepth)) {
      Refuse(mark, "nested deeper than " + std::to_string(kMaxDepth) + " levels");
    }
    if (AtKey()) Refuse(mark, "a key must be a plain string");
    Level level;
    level.node.type = type;
    level.node.line = mark.line + 1;
    level.node.column = mark.column + 1;
    levels_.push_back(std::move(level));
  }

  void Close() {
    Node node = std::move(levels_.back().node);
    levels_.pop_back();
    Place(std::move(node));
  }

  [[nodiscard]] bool AtKey() const {
    return !levels_.empty() && levels_.back().node.type == Node::Type::kMap && !levels_.back().key;
  }

  void Place(Node node) {
    if (levels_.empty()) {
      if (node.type != Node::Type::kNull) document_ = Document{std::move(node), sound_};
      return;
    }
    Level& level = levels_.back();
    if (level.node.type == Node::Type::kSequence) {
      level.node.items.push_back(std::move(node));
    } else if (!level.key) {
      level.key = KeyOf(level, std::move(node));
    } else {
      level.key->value = std::move(node);
      level.node.members.push_back(*std::exchange(level.key, std::nullopt));
    }
  }

  // A bad key is noted and kept, so that what else is wrong with the document is found, too.
  Member KeyOf(Level& level, Node node) {
    if (node.type != Node::Type::kScalar ||
        (!node.quoted && TypeOfPlain(node.text) != PlainType::kString)) {
      BadKey(node, "a key must be a string; quote it: '" + node.text + "'");
    } else if (!level.names.insert(node.text).second) {
      BadKey(node, "duplicate key '" + node.text + "'");
    }
    return Member{std::move(node.text), node.line, node.column, Node{}};
  }

  void BadKey(const Node& node, std::string message) {
    problems_.Add(node.line, node.column, "", std::move(message));
    sound_ = false;
  }

  Problems& problems_;
  std::vector<Level> levels_;
  std::optional<Document> document_;
  bool sound_ = true;
  int nodes_ = 0;
};

// Refuses what yaml-cpp would replace, drop or guess at: bytes that are no UTF-8 (UTF-16 as well)
// and control characters.
void CheckText(std::string_view text) {
  int line = 1;
  int column = 1;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = Utf8Length(text.substr(at));
    if (length == 0) throw Refused{line, column, "not valid UTF-8"};
    const auto byte = static_cast<unsigned char>(text[at]);
    const bool control = (byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t');
    if (control || byte == 0x7f) throw Refused{line, column, "control character"};
    column = byte == '\n' ? 1 : column + 1;
    line += byte == '\n' ? 1 : 0;
    at += length;
  }
}

// Reads a string_view without copying it.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // streambuf's signature; nothing is written
    setg(begin, begin, begin + text.size());
  }
};

void ReadInto(std::string_view text, std::vector<Document>& documents, Problems& problems) {
  if (text.size() > kManifestLimit.count) {
    throw Refused{0, 0,
                  "a manifest of " + std::to_string(text.size()) + " bytes is too large; at most " +
                      std::to_string(kManifestLimit.count) + " are read"};
  }
  CheckText(text);
  ViewBuffer buffer(text);
  std::istream stream(&buffer);
  YAML::Parser parser(stream);
  Builder builder(problems);
  while (parser.HandleNextDocument(builder)) {
    if (std::optional<Document> document = builder.Take())
      documents.push_back(std::move(*document));
  }
}

}  // namespace

std::vector<Document> ReadYaml(std::string_view text, Problems& problems) {
  std::vector<Document> documents;
  try {
    ReadInto(text, documents, problems);
  } catch (const Refused& refused) {
    problems.Add(refused.line, refused.column, "", refused.message);
  } catch (const YAML::Exception& error) {
    problems.Add(error.mark.line + 1, error.mark.column + 1, "", error.msg);
  } catch (const std::exception& error) {  // yaml-cpp lets a few of the standard library's escape
    problems.Add(0, 0, "", std::string("not readable as YAML: ") + error.what());
  }
  return documents;
}

}  // namespace strata::model::schema
