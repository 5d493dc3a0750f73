// Composes a Reply from a row of the catalogue: fills templates, cuts values so that every limit of
// Reply::make holds, and chooses the parts. Pure.
#pragma once

#include "postern/reason.h"
#include "postern/reply.h"
#include "postern/transaction.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern {

/// A field that a reply text may name: {recipient}, {client_address}, ...
struct ReplyField {
  std::string_view name;
  Stage earliest = Stage::connect;       ///< first stage at which its value is known
  Stage latest = Stage::end_of_message;  ///< {recipient}: only at RCPT there is one
  std::string_view otherwise;  ///< what stands for a missing value; empty: `{name|else}` is needed
  std::string_view meaning;    ///< for documentation
};
std::span<const ReplyField> reply_fields() noexcept;

/// Values by field name; a missing or empty one takes the template's `{name|else}` text, or "-".
using FieldValues = std::vector<std::pair<std::string, std::string>>;
FieldValues field_values(const Transaction& transaction);

/// A fault of a template, by offset in it.
struct TemplateProblem {
  std::size_t offset = 0;
  std::size_t length = 1;
  std::string message;
  std::string hint;
};
/// Unknown fields, fields not known at `stage`, unbalanced braces, octets outside printable ASCII,
/// ';', ':', more than two sentences, or fixed text too long for the limits of a reply. Empty: the
/// template makes a legal reply whatever the values. `more`: fields of this text alone, which
/// compose() is given values for.
std::vector<TemplateProblem> check_template(std::string_view text, Stage stage,
                                            std::span<const ReplyField> more = {});
/// Names of the fields in a template, in order, each once.
std::vector<std::string_view> fields_of(std::string_view text);
/// Octets that a value of `field` may have in a template so that it need not be cut, when all other
/// values are short; 0 if the template does not name it.
std::size_t room_for(std::string_view text, std::string_view field);
/// Where a text of an administrator's holds what no reply may: an octet outside printable ASCII,
/// ';' or ':'. Its end when it does not.
std::size_t find_forbidden(std::string_view text) noexcept;

/// How replies name us and where they point.
struct ReplyIdentity {
  std::string host;
  std::string contact;
  std::string help;  ///< URL template with {reason} and {ref}
};

/// The reply for `reason` at `spoken` in `form`. `own_text` replaces the catalogue's sentence when
/// not empty; it must have passed check_template. Any values are legal: they are cleaned and cut.
/// Fails only if `form` may not be given at `spoken`.
Result<Reply> compose(const Reason& reason, ReplyForm form, ReplyStage spoken,
                      std::string_view own_text, const FieldValues& values,
                      const ReplyIdentity& identity, const Reference& reference);

}  // namespace postern
