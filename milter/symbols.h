// Symbols: the macros asked of the MTA at each stage, so that administrators edit none, and how
// their values are looked up.
#pragma once

#include "postern/transaction.h"

#include <map>
#include <span>
#include <string>

namespace postern::milter_door {

/// Macro names as the milter protocol spells them ("i", "{client_addr}"), for smfi_setsymlist.
/// Asked for where they first mean something and not again: each costs at every stage it is sent.
std::span<const char* const> symbols_at(Stage stage) noexcept;

/// The names above in one string, separated by spaces.
std::string symbol_list(Stage stage);

/// Where macros come from: libmilter in the program, a map in tests.
class MacroSource {
 public:
  virtual ~MacroSource() = default;
  /// nullptr when the MTA did not send it. The text lives until the callback returns.
  virtual const char* macro(const char* name) = 0;
};

/// Copies the macros of `stage` into `macros`, names without braces: rules may name any of them.
void read_macros(Stage stage, MacroSource& source, std::map<std::string, std::string>& macros);

}  // namespace postern::milter_door
