// A wasi:http component: renders the request's Markdown (CommonMark and GitHub's tables, autolinks,
// strike-through and task lists) to an HTML fragment.
//
// Raw HTML and script-like links in the input are dropped (cmark's safe mode), so the answer may be
// shown to others than its author.

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include "guest_http.h"

namespace {

constexpr int kOptions = CMARK_OPT_DEFAULT | CMARK_OPT_VALIDATE_UTF8 | CMARK_OPT_FOOTNOTES;
constexpr std::array kExtensions = {"table", "autolink", "strikethrough", "tagfilter", "tasklist"};

using Parser = std::unique_ptr<cmark_parser, decltype(&cmark_parser_free)>;
using Document = std::unique_ptr<cmark_node, decltype(&cmark_node_free)>;
using Html = std::unique_ptr<char, decltype(&std::free)>;

Html Render(const HttpBody& markdown) {
  cmark_gfm_core_extensions_ensure_registered();
  const Parser parser(cmark_parser_new(kOptions), cmark_parser_free);
  for (const char* name : kExtensions) {
    cmark_parser_attach_syntax_extension(parser.get(), cmark_find_syntax_extension(name));
  }
  cmark_parser_feed(parser.get(), markdown.data, markdown.len);
  const Document document(cmark_parser_finish(parser.get()), cmark_node_free);
  cmark_llist* extensions = cmark_parser_get_syntax_extensions(parser.get());
  return Html(cmark_render_html(document.get(), kOptions, extensions), std::free);
}

}  // namespace

void HandleRequest(HttpRequest request, HttpResponder responder) {
  const Html html = Render(HttpReadRequest(request));
  HttpAnswer(responder, 200, "text/html; charset=utf-8", html.get(), std::strlen(html.get()));
}
