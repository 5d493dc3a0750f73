#include "state/make_store.h"

#include "state/embedded_store.h"
#include "state/redis_settings.h"
#ifdef POSTERN_WITH_REDIS
#include "state/redis_store.h"
#endif

#include <utility>

namespace postern {
namespace {

constexpr std::string_view embedded = "embedded:";

}  // namespace

std::string fault_of_store(std::string_view place) {
  if (place.starts_with(embedded)) {
    return place.substr(embedded.size()).starts_with('/')
               ? ""
               : "the path of a folder begins with \"/\"";
  }
  std::string why;
  if (!redis_settings_from_url(place, why)) return why;
#ifdef POSTERN_WITH_REDIS
  return {};
#else
  return "this program was built without Redis";
#endif
}

std::unique_ptr<StateStore> make_store(std::string_view place, const Clock& clock,
                                       std::function<void(const std::string&)> say) {
  if (!fault_of_store(place).empty()) return nullptr;
  if (place.starts_with(embedded)) {
    EmbeddedSettings settings;
    settings.folder = place.substr(embedded.size());
    return std::make_unique<EmbeddedStore>(std::move(settings), clock, std::move(say));
  }
#ifdef POSTERN_WITH_REDIS
  std::string why;
  return std::make_unique<RedisStore>(*redis_settings_from_url(place, why), clock, std::move(say));
#else
  return nullptr;
#endif
}

}  // namespace postern
