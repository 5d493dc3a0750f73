// Transactions for tests: a whole, ordinary one to start from.
#pragma once

#include "postern/transaction.h"

namespace postern::test {

/// mail.example.net [192.0.2.7] says EHLO mail.example.net, MAIL FROM:<alice@example.net>
/// SIZE=2000, RCPT TO:<bob@example.org>, plain and without AUTH, and sends 1,500 octets; as known
/// at `stage`.
Transaction ordinary_transaction(Stage stage);

}  // namespace postern::test
