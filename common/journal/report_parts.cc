#include "journal/report_parts.h"

#include "journal/number_text.h"
#include "model/shown_text.h"
#include "reply/page_frame.h"
#include "tables/entries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace postern::report {
namespace {

/// Columns of a text from outside; what is longer says nothing to a person.
constexpr std::size_t longest_words = 90;

/// Of a plot, in its own units: a step is 1 wide.
constexpr double height = 100;

std::string decimal(double number) {
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%.2f", number);
  std::string result(text.data(), static_cast<std::size_t>(length));
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.') result.pop_back();
  return result;
}

std::string attribute(std::string_view name, const std::string& value) {
  return ' ' + std::string(name) + "=\"" + value + '"';
}

std::string_view class_of(Holds holds) {
  switch (holds) {
    case Holds::words:
      return "words";
    case Holds::word:
      return "word";
    case Holds::number:
      return "number";
    case Holds::drawing:
      return "drawing";
  }
  return "words";
}

/// Not below `highest`, and its half is a whole number that is easy to read.
std::uint64_t top_of_scale(std::uint64_t highest) {
  for (const std::uint64_t top : {2U, 4U, 6U, 8U}) {
    if (highest <= top) return top;
  }
  for (std::uint64_t power = 1;; power *= 10) {
    for (const std::uint64_t top : {10U, 12U, 16U, 20U, 24U, 30U, 40U, 50U, 60U, 80U}) {
      if (highest <= top * power) return top * power;
    }
  }
}

/// Moments that a clock has, with their places among the steps. As many as a telephone has room
/// for; none so near the end that its words would stand out.
struct Tick {
  double at = 0;
  std::string text;
};
std::vector<Tick> ticks_of(const TimeSteps& steps) {
  using std::chrono::hours;
  using std::chrono::minutes;
  using std::chrono::seconds;
  constexpr std::int64_t most = 7;
  const auto length = steps.width() * static_cast<std::int64_t>(steps.size());
  seconds apart = minutes{10};
  for (const auto next :
       {seconds(minutes{30}), seconds(hours{1}), seconds(hours{3}), seconds(hours{6}),
        seconds(hours{12}), seconds(hours{24}), seconds(hours{48}), seconds(hours{168})}) {
    if (length / apart <= most) break;
    apart = next;
  }
  while (length / apart > most) apart *= 2;
  std::vector<Tick> ticks;
  const auto begin = std::chrono::duration_cast<seconds>(steps.begin(0).time_since_epoch());
  const auto first = (begin + apart - seconds{1}) / apart * apart;
  for (auto time = first; time < begin + length; time += apart) {
    Tick tick;
    tick.at =
        static_cast<double>((time - begin).count()) / static_cast<double>(steps.width().count());
    if (tick.at > 0.92 * static_cast<double>(steps.size())) break;
    const auto text = minute_text(TimeSpan::Time(time));
    const bool is_day = time % seconds(hours{24}) == seconds{0};
    tick.text = apart > hours{24 * 180} ? text.substr(0, 7)
                : is_day                ? text.substr(5, 5)
                                        : text.substr(11);
    ticks.push_back(std::move(tick));
  }
  return ticks;
}

std::string axis_of_time(const TimeSteps& steps) {
  std::string html = "<div class=\"xs\" aria-hidden=\"true\">";
  for (const auto& tick : ticks_of(steps)) {
    html += "<span style=\"left:" + decimal(100 * tick.at / static_cast<double>(steps.size())) +
            "%\">" + tick.text + "</span>";
  }
  return html + "</div>\n";
}

std::string axis(const std::vector<std::string>& labels) {
  std::string html = "<div class=\"ys\" aria-hidden=\"true\">";
  for (const auto& label : labels) html += "<span>" + label + "</span>";
  return html + "</div>\n";
}

std::string grid(const TimeSteps& steps, std::size_t lines) {
  std::string path;
  for (const auto& tick : ticks_of(steps)) path += 'M' + decimal(tick.at) + " 100v4";
  for (std::size_t i = 0; i < lines; ++i) {
    const auto y = height * static_cast<double>(i) / static_cast<double>(lines - 1);
    path += "M0 " + decimal(y) + 'H' + std::to_string(steps.size());
  }
  return "<path class=\"grid\" d=\"" + path + "\"/>\n";
}

/// Places to point at, which tell the numbers of a step.
template <typename Say>
std::string touches(const Plot& plot, const TimeSteps& steps, Say say) {
  std::string html;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    std::string told;
    for (const auto& layer : plot.layers) {
      if (layer.values[step] == 0) continue;
      told += (told.empty() ? " " : ", ") + html_text(layer.name) + ' ' + say(layer.values[step]);
    }
    if (told.empty()) continue;
    html += "<rect class=\"touch\" x=\"" + std::to_string(step) +
            "\" y=\"0\" width=\"1\" height=\"100\"><title>" + steps.begin_text(step) +
            " UTC:" + told + "</title></rect>\n";
  }
  return html;
}

/// The plot as a table, without the steps in which there is nothing.
template <typename Say>
std::string numbers(const Plot& plot, const TimeSteps& steps, Say say) {
  std::string html =
      "<details>\n<summary>The numbers as a table</summary>\n<div class=\"scroll\" "
      "tabindex=\"0\" role=\"region\"" +
      attribute("aria-label", html_text(plot.title)) + ">\n<table>\n<thead><tr>" +
      "<th scope=\"col\">From (UTC)</th>";
  for (const auto& layer : plot.layers) {
    html += "<th scope=\"col\" class=\"number\">" + html_text(layer.name) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (std::size_t step = 0; step < steps.size(); ++step) {
    const bool is_empty = std::all_of(plot.layers.begin(), plot.layers.end(),
                                      [&](const auto& each) { return each.values[step] == 0; });
    if (is_empty) continue;
    html += "<tr><th scope=\"row\">" + steps.begin_text(step) + "</th>";
    for (const auto& layer : plot.layers) {
      html += "<td class=\"number\">" + say(layer.values[step]) + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n</div>\n</details>\n";
}

std::string head(const Plot& plot, const TimeSteps& steps) {
  return "<figure class=\"plot\">\n<figcaption id=\"" + std::string(plot.id) + "-title\">" +
         html_text(plot.title) + ", in steps of " + steps.width_text() + "</figcaption>\n";
}

std::string open_svg(const Plot& plot, const TimeSteps& steps, const std::string& description) {
  const std::string id(plot.id);
  return "<svg role=\"img\" viewBox=\"0 0 " + std::to_string(steps.size()) +
         " 100\" preserveAspectRatio=\"none\" aria-labelledby=\"" + id + "-title " + id +
         "-what\">\n<desc id=\"" + id + "-what\">" + description + "</desc>\n";
}

/// So many microseconds: "0.1 ms", "10 s".
std::string power_text(int power) {
  const int behind = power < 6 ? power - 3 : power - 6;
  return decimal(std::pow(10.0, behind)) + (power < 6 ? " ms" : " s");
}

std::string nothing(const Plot& plot, const TimeSteps& steps) {
  return head(plot, steps) + "<p class=\"quiet\">None in this time.</p>\n</figure>\n";
}

}  // namespace

std::string words(std::string_view octets) {
  std::string text;
  std::size_t columns = 0;
  for (const auto& piece : shown_pieces(octets, Glyphs::utf8)) {
    columns += piece.columns;
    if (columns > longest_words) {
      text += "\xe2\x80\xa6";
      break;
    }
    text += piece.text;
  }
  return html_text(text);
}

std::string prose(std::string_view octets) { return html_text(shown_text(octets, Glyphs::utf8)); }

std::string code(std::string_view octets) {
  return octets.empty() ? std::string() : "<code>" + words(octets) + "</code>";
}

std::string table(std::string_view caption, std::vector<Column> columns,
                  std::vector<std::vector<std::string>> rows, Narrow narrow) {
  for (std::size_t i = columns.size() - 1; i > 0; --i) {
    const bool is_empty = std::all_of(
        rows.begin(), rows.end(), [i](const auto& row) { return row[i].empty() || row[i] == "0"; });
    if (!is_empty) continue;
    columns.erase(columns.begin() + static_cast<std::ptrdiff_t>(i));
    for (auto& row : rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(i));
  }
  std::string html = narrow == Narrow::stacks ? "<table class=\"stack\">\n" : "<table>\n";
  if (!caption.empty()) html += "<caption>" + html_text(caption) + "</caption>\n";
  html += "<thead><tr>";
  for (const auto& column : columns) {
    html += "<th scope=\"col\" class=\"" + std::string(class_of(column.holds)) + "\">" +
            html_text(column.title) + "</th>";
  }
  html += "</tr></thead>\n<tbody>\n";
  for (const auto& row : rows) {
    html += "<tr><th scope=\"row\">" + row.front() + "</th>";
    for (std::size_t i = 1; i < row.size(); ++i) {
      html += "<td class=\"" + std::string(class_of(columns[i].holds)) + "\" data-label=\"" +
              html_text(columns[i].title) + "\">" + row[i] + "</td>";
    }
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table>\n";
}

std::string bars(const Plot& plot, const TimeSteps& steps) {
  std::vector<std::uint64_t> sums(steps.size());
  for (const auto& layer : plot.layers) {
    for (std::size_t step = 0; step < steps.size(); ++step) sums[step] += layer.values[step];
  }
  const auto highest = std::max_element(sums.begin(), sums.end());
  if (*highest == 0) return nothing(plot, steps);
  const auto top = top_of_scale(*highest);
  const auto y_of = [top](std::uint64_t value) {
    return height - height * static_cast<double>(value) / static_cast<double>(top);
  };

  std::string html = head(plot, steps) + "<ul class=\"legend\">\n";
  for (const auto& layer : plot.layers) {
    std::uint64_t sum = 0;
    for (const auto value : layer.values) sum += value;
    html += "<li class=\"" + std::string(layer.colour) + "\">" + html_text(layer.name) + ": " +
            grouped(sum) + "</li>\n";
  }
  html += "</ul>\n<div class=\"chart\">\n" + axis({grouped(top), grouped(top / 2), "0"});
  const auto at = static_cast<std::size_t>(highest - sums.begin());
  html += open_svg(plot, steps,
                   "Bars from " + steps.begin_text(0) + " to " +
                       minute_text(steps.begin(steps.size())) + " UTC. The highest, " +
                       grouped(*highest) + ' ' + html_text(*highest == 1 ? plot.one : plot.what) +
                       ", begins at " + steps.begin_text(at) + ".");
  html += grid(steps, 3);
  std::vector<std::uint64_t> below(steps.size());
  for (const auto& layer : plot.layers) {
    std::string path;
    for (std::size_t step = 0; step < steps.size(); ++step) {
      if (layer.values[step] == 0) continue;
      const auto x = static_cast<double>(step);
      path += 'M' + decimal(x + 0.1) + ' ' + decimal(y_of(below[step]));
      below[step] += layer.values[step];
      path += 'V' + decimal(y_of(below[step])) + 'H' + decimal(x + 0.9) + 'V' +
              decimal(y_of(below[step] - layer.values[step])) + 'Z';
    }
    if (!path.empty()) {
      html += "<path class=\"" + std::string(layer.colour) + "\" d=\"" + path + "\"/>\n";
    }
  }
  const auto say = [](std::uint64_t value) { return grouped(value); };
  return html + touches(plot, steps, say) + "</svg>\n" + axis_of_time(steps) + "</div>\n" +
         numbers(plot, steps, say) + "</figure>\n";
}

std::string duration_lines(const Plot& plot, const TimeSteps& steps) {
  std::uint64_t lowest = 0;
  std::uint64_t highest = 0;
  for (const auto& layer : plot.layers) {
    for (const auto value : layer.values) {
      if (value == 0) continue;
      lowest = lowest == 0 ? value : std::min(lowest, value);
      highest = std::max(highest, value);
    }
  }
  if (highest == 0) return nothing(plot, steps);
  const auto from = std::floor(std::log10(static_cast<double>(lowest)));
  const auto to = std::max(from + 1, std::ceil(std::log10(static_cast<double>(highest))));
  const auto y_of = [from, to](std::uint64_t value) {
    return height * (to - std::log10(static_cast<double>(value))) / (to - from);
  };
  const auto say = [](std::uint64_t value) {
    return value == 0 ? std::string("-")
                      : duration_text(std::chrono::microseconds(static_cast<std::int64_t>(value)));
  };

  std::string html = head(plot, steps) + "<ul class=\"legend\">\n";
  for (const auto& layer : plot.layers) {
    html += "<li class=\"" + std::string(layer.colour) + "\">" + html_text(layer.name) + "</li>\n";
  }
  std::vector<std::string> labels;
  for (auto power = to; power >= from; --power) {
    labels.push_back(power_text(static_cast<int>(power)));
  }
  html += "</ul>\n<div class=\"chart\">\n" + axis(labels);
  html += open_svg(plot, steps,
                   "Lines from " + steps.begin_text(0) + " to " +
                       minute_text(steps.begin(steps.size())) + " UTC, between " + say(lowest) +
                       " and " + say(highest) + ".");
  html += grid(steps, labels.size());
  for (const auto& layer : plot.layers) {
    std::string path;
    for (std::size_t step = 0; step < steps.size(); ++step) {
      if (layer.values[step] == 0) continue;
      const auto y = decimal(y_of(layer.values[step]));
      const bool goes_on = step > 0 && layer.values[step - 1] > 0;
      path += (goes_on ? "V" + y : 'M' + std::to_string(step) + ' ' + y) + 'H' +
              std::to_string(step + 1);
    }
    html += "<path class=\"line " + std::string(layer.colour) + "\" d=\"" + path + "\"/>\n";
  }
  return html + touches(plot, steps, say) + "</svg>\n" + axis_of_time(steps) + "</div>\n" +
         numbers(plot, steps, say) + "</figure>\n";
}

std::string spark(const Series& series, const TimeSteps& steps, std::string_view colour) {
  std::uint32_t highest = 0;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    highest = std::max(highest, series.at(step));
  }
  if (highest == 0) return {};
  std::string path;
  for (std::size_t step = 0; step < steps.size(); ++step) {
    if (series.at(step) == 0) continue;
    // A little of what is there at all stays to be seen.
    const auto part = std::max(6.0, height * series.at(step) / highest);
    const auto x = static_cast<double>(step);
    path += 'M' + decimal(x) + " 100V" + decimal(height - part) + 'H' + decimal(x + 0.95) + "V100Z";
  }
  return "<svg class=\"spark\" viewBox=\"0 0 " + std::to_string(steps.size()) +
         " 100\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><path class=\"" +
         std::string(colour) + "\" d=\"" + path + "\"/></svg>";
}

}  // namespace postern::report
