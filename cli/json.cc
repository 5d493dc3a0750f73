#include "cli/json.h"

#include <nlohmann/json.hpp>

namespace postern::cli {

std::string to_json(const StatusText& status) {
  using Json = nlohmann::ordered_json;
  Json object = Json::object();
  for (const auto& item : status.items()) {
    Json* place = &object;
    std::string_view name = item.name;
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.')) {
      place = &(*place)[std::string(name.substr(0, dot))];
      name.remove_prefix(dot + 1);
    }
    auto& value = (*place)[std::string(name)];
    if (item.kind == StatusText::Item::Kind::number) {
      value = std::stoull(item.value);
    } else {
      value = item.value;
    }
  }
  return object.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace postern::cli
