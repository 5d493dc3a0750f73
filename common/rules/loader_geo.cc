// The [geo] section.

#include "model/text.h"
#include "rules/loader.h"
#include "rules/policy_files.h"

namespace postern {

void read_geo(const Node& root, const ValueReader& values, GeoOptions& geo) {
  const auto* section = values.section(root, "geo");
  if (section == nullptr) return;
  values.check_keys(*section, "geo");
  for (const auto fact : geo_facts) {
    const auto key = std::string(to_text(fact));
    const auto path = values.text(*section, "geo." + key);
    if (!path) continue;
    const auto& value = section->find(key)->value;
    if (path->empty()) {
      values.diagnostics().error(value.span, "\"\" is no file", "leave " + quoted(key) + " out");
      continue;
    }
    geo.files[place_of(fact)] = resolve_path(value.span.file->name(), *path);
  }
}

std::shared_ptr<const GeoDatabase> open_geo(const Node& root, GeoFact fact, const std::string& path,
                                            const FileReader& reader, Diagnostics& diagnostics) {
  if (!reader.geo) return nullptr;
  auto opened = reader.geo(path, fact);
  if (opened) return std::move(*opened);
  const auto& value = root.find("geo")->value.find(to_text(fact))->value;
  diagnostics.error(value.span,
                    "cannot read " + quoted(path) + ": " + reading_fault(opened.problems()),
                    opened.problems().empty() ? std::string() : opened.problems().front().hint);
  return nullptr;
}

}  // namespace postern
