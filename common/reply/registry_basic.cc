#include "reply/registry.h"

#include <algorithm>

namespace postern {

namespace {

using enum ReplyStage;

// Basic codes: RFC 5321 4.2.3 and the extensions; 422, 430, 523, 524 and 533 stand in the IANA
// registry only. `stages` leaves out commands Postern never sees (ETRN, ATRN, BDAT).
constexpr BasicCode basic_table[] = {
    {.code = 211,
     .meaning = "status of the system, or the start of help on it",
     .reference = "RFC 5321 4.2.3",
     .stages = {help},
     .note = "",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: this answers HELP."},
    {.code = 214,
     .meaning = "help for a person reading the session",
     .reference = "RFC 5321 4.2.3",
     .stages = {help},
     .note = "",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: this answers HELP."},
    {.code = 220,
     .meaning = "the server is ready, for a session or, after STARTTLS, for the TLS handshake",
     .reference = "RFC 5321 4.2.3; RFC 3207 4",
     .stages = {connect, starttls},
     .note = "In the greeting the server's name comes first and may be read by machines.",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: the client may go on."},
    {.code = 221,
     .meaning = "the server closes the connection because the client said QUIT",
     .reference = "RFC 5321 4.2.3",
     .stages = {quit},
     .note = "",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: the session ended as it should."},
    {.code = 235,
     .meaning = "authentication succeeded",
     .reference = "RFC 4954 6",
     .stages = {auth},
     .note = "Comes with 2.7.0.",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: the client is logged in."},
    {.code = 250,
     .meaning = "the command was carried out",
     .reference = "RFC 5321 4.2.3",
     .stages = {helo, mail, rcpt, end_of_message, rset, noop, vrfy, expn},
     .note = "After the message itself it says that the server has taken charge of it, not that "
             "anybody has read it.",
     .who_acts = "nobody",
     .what_to_do =
         "Nothing is wrong. If a message is missing after this reply, ask the server that "
         "gave it."},
    {.code = 251,
     .meaning = "the mailbox is elsewhere and the server will forward to it",
     .reference = "RFC 5321 4.2.3, 3.4",
     .stages = {rcpt, vrfy},
     .note = "The text carries the new address and may be read by machines.",
     .who_acts = "the sender, if the new address is to be used from now on",
     .what_to_do = "The message is on its way. Note the new address given in the text."},
    {.code = 252,
     .meaning = "the server does not say whether the mailbox exists, but will try to deliver to it",
     .reference = "RFC 5321 4.2.3, 3.5.3; RFC 6531 3.7.4.2",
     .stages = {vrfy, expn},
     .note = "The usual answer of a server that does not want its addresses harvested.",
     .who_acts = "nobody",
     .what_to_do = "Send the message; only its delivery shows whether the address works."},
    {.code = 253,
     .meaning = "ETRN: the server starts sending the mail it holds for the host",
     .reference = "RFC 1985 5",
     .stages = {},
     .note = "",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: the mail is coming."},
    {.code = 334,
     .meaning = "the next step of a login: the server waits for the client's answer",
     .reference = "RFC 4954 4",
     .stages = {auth},
     .note = "The text is base64 and there is no enhanced code.",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: the mail program answers by itself."},
    {.code = 354,
     .meaning = "the server waits for the message, which ends with a dot on a line of its own",
     .reference = "RFC 5321 4.2.3",
     .stages = {data},
     .note = "No enhanced code on 3yz replies (RFC 2034 4).",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: the client sends the message now."},
    {.code = 421,
     .meaning = "the server cannot go on and closes the connection",
     .reference = "RFC 5321 4.2.3, 3.8, 4.3.2",
     .stages = ReplyStages::any(),
     .note = "May answer any command, and announces that the server closes the connection. Limits "
             "on connections use it too, so it does not always mean trouble.",
     .who_acts = "the sending server, by itself",
     .what_to_do = "Wait: the sending server tries again. If it lasts for hours, the administrator "
                   "of the receiving server should look at load, limits and its log."},
    {.code = 422,
     .meaning = "listed by the registry beside X.7.12 (password transition), defined by no RFC",
     .reference = "IANA registry only",
     .stages = {auth},
     .note = "Not to be sent; the code of RFC 4954 for this is 432. Articles that call 422 a "
             "mailbox size limit describe no standard.",
     .who_acts = "the administrator of the server that sent it",
     .what_to_do = "Treat it as any 4yz: temporary, try again. The server should use 432 4.7.12."},
    {.code = 430,
     .meaning = "listed by the registry beside X.5.1 (invalid command), defined by no RFC",
     .reference = "IANA registry only",
     .stages = {},
     .note = "Not to be sent.",
     .who_acts = "the administrator of the server that sent it",
     .what_to_do = "Treat it as any 4yz: temporary, try again. The text says what it was about."},
    {.code = 432,
     .meaning = "the password must be set again before this login method works",
     .reference = "RFC 4954 6",
     .stages = {auth},
     .note = "Comes with 4.7.12.",
     .who_acts = "the user who logs in",
     .what_to_do = "Log in once by another method the provider offers (a web page, another "
                   "mechanism), or set a new password."},
    {.code = 450,
     .meaning = "the mailbox cannot be used right now: busy, or held back by a policy such as "
                "greylisting",
     .reference = "RFC 5321 4.2.3, 4.3.2; RFC 6647 5",
     .stages = {rcpt, end_of_message, mail},
     .note = "Not the code of a full mailbox (452 4.2.2 or 552 5.2.2). RFC 5321 4.3.2 lists it for "
             "RCPT and the end of the message; at MAIL the code is 451.",
     .who_acts = "the sending server, by itself",
     .what_to_do = "Wait: the sending server tries again. Act only if the message comes back as "
                   "undeliverable."},
    {.code = 451,
     .meaning = "the receiving server could not do its work: an error on its own side",
     .reference = "RFC 5321 4.2.3",
     .stages = {mail, rcpt, end_of_message},
     .note = "Means a local error, such as a lookup or scanner that does not answer. Lack of "
             "storage is 452.",
     .who_acts = "the administrator of the receiving server, if it lasts",
     .what_to_do =
         "The sending server tries again by itself. The receiving administrator finds the "
         "cause in the log."},
    {.code = 452,
     .meaning = "the receiving server or mailbox lacks room, or the message has more recipients "
                "than one transaction may hold",
     .reference = "RFC 5321 4.2.3, 4.5.3.1.10; RFC 1870 6.1",
     .stages = {mail, rcpt, end_of_message},
     .note = "4.3.1 is a full system, 4.2.2 a full mailbox, 4.5.3 too many recipients (the client "
             "sends the rest in another transaction).",
     .who_acts = "for 4.3.1 the receiving administrator, for 4.2.2 the recipient, for 4.5.3 nobody",
     .what_to_do = "The sending server tries again by itself. Room must be made in the mailbox or "
                   "on the disk."},
    {.code = 453,
     .meaning = "on-demand relay (ATRN): there is no mail for you",
     .reference = "RFC 2645 5",
     .stages = {},
     .note = "",
     .who_acts = "nobody",
     .what_to_do = "Nothing is wrong: ask again later."},
    {.code = 454,
     .meaning = "logging in, or starting TLS, fails for the moment",
     .reference = "RFC 4954 6; RFC 3207 4",
     .stages = {auth, starttls},
     .note = "Not a wrong password (535).",
     .who_acts = "the administrator of the receiving server, if it lasts",
     .what_to_do =
         "Try again later. The administrator checks the authentication service or the TLS "
         "keys and certificates."},
    {.code = 455,
     .meaning = "a parameter of MAIL or RCPT cannot be honoured right now",
     .reference = "RFC 5321 4.2.3, 4.1.1.11",
     .stages = {mail, rcpt},
     .note = "The temporary twin of 555.",
     .who_acts = "the sending server, by itself",
     .what_to_do = "Try again later, or send without the parameter (an extension such as DSN or "
                   "MT-PRIORITY)."},
    {.code = 458,
     .meaning = "ETRN: the waiting mail cannot be sent now",
     .reference = "RFC 1985 5",
     .stages = {},
     .note = "",
     .who_acts = "the administrator of the host that asked",
     .what_to_do = "Ask again later."},
    {.code = 459,
     .meaning = "ETRN: this host may not ask for that mail",
     .reference = "RFC 1985 5",
     .stages = {},
     .note = "",
     .who_acts = "the administrator of the host that asked",
     .what_to_do = "Have the other side allow ETRN for this host and name."},
    {.code = 500,
     .meaning = "the command was not recognised, or its line was too long",
     .reference = "RFC 5321 4.2.3, 4.3.2, 4.5.3.1.9; RFC 4954 4",
     .stages = ReplyStages::any(),
     .note = "About an SMTP command, not about the message or its attachments, and not about a "
             "wrong server name or port.",
     .who_acts = "the administrator or maker of the sending software",
     .what_to_do = "Look at the session's log for the command that was sent; a proxy or firewall "
                   "that rewrites SMTP is a common cause."},
    {.code = 501,
     .meaning = "the command is known, its arguments are not well formed",
     .reference = "RFC 5321 4.2.3, 4.3.2, 4.1.4",
     .stages = ReplyStages::any(),
     .note = "Not an unknown command (500). Often an address or a HELO name that is not well "
             "formed.",
     .who_acts = "the sender, or the administrator of the sending server",
     .what_to_do = "Correct the address or name that the text shows, then send again."},
    {.code = 502,
     .meaning = "the command is recognised but this server does not implement it",
     .reference = "RFC 5321 4.2.4",
     .stages = {vrfy, expn, help, helo},
     .note = "Permanent, and unrelated to HTTP 502: nothing is overloaded or down, and waiting "
             "does not help.",
     .who_acts = "the administrator of the sending software",
     .what_to_do = "Stop using the command (usually VRFY, EXPN or AUTH on a server without it)."},
    {.code = 503,
     .meaning = "commands came in the wrong order",
     .reference = "RFC 5321 4.1.4, 3.3; RFC 4954 4; RFC 3030 2",
     .stages = {mail, rcpt, data, auth},
     .note = "Permanent, and unrelated to HTTP 503: not a busy server, not a sending limit, not "
             "speed. Missing authentication is 530.",
     .who_acts = "the administrator or maker of the sending software",
     .what_to_do = "Look at the earlier replies of the session: usually MAIL or every RCPT was "
                   "refused and the client went on all the same."},
    {.code = 504,
     .meaning = "the command is known, the parameter given with it is not implemented",
     .reference = "RFC 5321 4.2.1, 4.3.2; RFC 4954 4",
     .stages = {helo, vrfy, expn, help, auth},
     .note = "Permanent, and unrelated to HTTP 504: not a timeout. Postfix also sends 504 5.5.2 "
             "for a HELO name without a domain.",
     .who_acts = "the administrator of the sending server",
     .what_to_do =
         "Use a parameter the server offers: another AUTH mechanism, or a fully qualified "
         "HELO name."},
    {.code = 521,
     .meaning = "this host never accepts mail",
     .reference = "RFC 7504 3",
     .stages = {connect},
     .note = "For hosts without any mail service. Servers that send it to one unwelcome client "
             "misuse it.",
     .who_acts = "the sender, or the administrator of the recipient's domain",
     .what_to_do = "Check the recipient's domain for a typing error. The domain's administrator "
                   "checks its MX records, which lead to a host that accepts no mail."},
    {.code = 523,
     .meaning = "listed by the registry beside X.7.10 (encryption needed)",
     .reference = "RFC 5248 2.4; IANA registry",
     .stages = {auth},
     .note = "Rarely seen; RFC 3207 gives 530 5.7.0 for a missing STARTTLS.",
     .who_acts = "the user or the administrator of the sending server",
     .what_to_do = "Switch on TLS for this server."},
    {.code = 524,
     .meaning = "listed by the registry beside X.7.11 (encryption needed for this mechanism)",
     .reference = "IANA registry only",
     .stages = {auth},
     .note = "Historical; RFC 4954 has 538 for it.",
     .who_acts = "the user or the administrator of the sending server",
     .what_to_do = "Switch on TLS before logging in."},
    {.code = 525,
     .meaning = "the account exists but is switched off",
     .reference = "RFC 5248 2.4",
     .stages = {auth},
     .note = "Comes with 5.7.13; many servers say 535 instead.",
     .who_acts = "the user, with the provider of the account",
     .what_to_do = "Ask the provider why the account is disabled; a new password alone does not "
                   "help."},
    {.code = 530,
     .meaning = "log in first, or start TLS first",
     .reference = "RFC 4954 6; RFC 3207 4; RFC 6409 4.3",
     .stages = ReplyStages::any(),
     .note = "The code for missing authentication; 503 and 550 are often sent for it by mistake.",
     .who_acts = "the user, or the administrator of the sending server",
     .what_to_do = "Switch on authentication (and TLS) for outgoing mail in the mail program, "
                   "usually with port 587 or 465."},
    {.code = 533,
     .meaning = "listed by the registry beside X.7.1, defined by no RFC",
     .reference = "IANA registry only",
     .stages = {},
     .note = "Not to be sent.",
     .who_acts = "the sender",
     .what_to_do = "Treat it as any 5yz: permanent. Read the text, which should say what was "
                   "refused."},
    {.code = 534,
     .meaning = "the mechanism used for logging in is too weak for this server",
     .reference = "RFC 4954 6",
     .stages = {auth},
     .note = "Comes with 5.7.9. Some providers use it for \"log in through the web first\".",
     .who_acts = "the user who logs in",
     .what_to_do = "Choose a stronger mechanism, or switch on TLS, in the mail program; some "
                   "providers want an application password."},
    {.code = 535,
     .meaning = "user name or password is wrong",
     .reference = "RFC 4954 6",
     .stages = {auth},
     .note = "Comes with 5.7.8.",
     .who_acts = "the user who logs in",
     .what_to_do = "Enter user name and password again. Providers with two-factor login often want "
                   "an application password."},
    {.code = 538,
     .meaning = "this login method needs TLS",
     .reference = "RFC 4954 6",
     .stages = {auth},
     .note = "Historical; comes with 5.7.11.",
     .who_acts = "the user who logs in",
     .what_to_do = "Switch on TLS in the mail program, then log in."},
    {.code = 550,
     .meaning = "refused: the mailbox does not exist or cannot be reached, or a policy refuses the "
                "client, the sender, the recipient or the message",
     .reference = "RFC 5321 4.2.3, 7.9",
     .stages = {helo, mail, rcpt, end_of_message, vrfy, expn},
     .note = "Not only an unknown mailbox: it is the code for every policy refusal (block lists, "
             "SPF, DKIM, DMARC, relaying). The enhanced code tells which. A full mailbox is 452 or "
             "552, bad address syntax 501 or 553.",
     .who_acts = "the sender or the sending administrator, depending on what the enhanced code and "
                 "text say",
     .what_to_do =
         "Sending the same again does not help. Where the text speaks of an unknown user, "
         "correct the address; where it speaks of a policy, have the sending "
         "administrator read it."},
    {.code = 551,
     .meaning = "the mailbox is not here; the text names the address to use instead",
     .reference = "RFC 5321 3.4",
     .stages = {rcpt, vrfy},
     .note = "The text carries an address that machines may parse. It says nothing about the "
             "sender's forwarding settings.",
     .who_acts = "the sender",
     .what_to_do = "Send to the address given in the text, if it looks trustworthy."},
    {.code = 552,
     .meaning =
         "the message is larger than the server or mailbox takes, or the mailbox is over its "
         "quota for good",
     .reference = "RFC 5321 4.2.3; RFC 1870 6.1",
     .stages = {mail, rcpt, end_of_message},
     .note =
         "Size as well as quota. 5.3.4 is the server's size limit, 5.2.3 the mailbox's, 5.2.2 "
         "its quota. Not a spam answer, and not for too many recipients (452 4.5.3). Permanent: "
         "no retry.",
     .who_acts = "the sender (size), or the recipient (quota)",
     .what_to_do = "Make the message smaller, or share the file as a link. Over quota: the "
                   "recipient makes room before the message is sent again."},
    {.code = 553,
     .meaning = "the mailbox name is not allowed: the address as written cannot be used here",
     .reference = "RFC 5321 4.2.3; RFC 6531 3.5",
     .stages = {mail, rcpt, vrfy},
     .note = "About sender addresses as well as recipients. Relaying denied is 550, not 553.",
     .who_acts = "the sender",
     .what_to_do =
         "Correct the address. When it is the sender's own, check the account settings of "
         "the mail program."},
    {.code = 554,
     .meaning = "the transaction failed; in the greeting: no mail service for this client",
     .reference = "RFC 5321 4.2.3, 3.1, 3.3; RFC 6531 3.5; RFC 6409 4.1",
     .stages = {connect, data, end_of_message},
     .note = "Says only that it failed, so the text must say why. Widely sent for spam, block "
             "lists and relaying, where RFC 5321 7.9 asks for 550.",
     .who_acts = "the sender or the sending administrator, depending on what the text says",
     .what_to_do = "Read the enhanced code and the text; sending the same again does not help."},
    {.code = 555,
     .meaning = "a parameter of MAIL or RCPT is unknown or not implemented",
     .reference = "RFC 5321 4.2.3, 4.1.1.11",
     .stages = {mail, rcpt},
     .note = "Clients should use only the extensions the EHLO answer offers.",
     .who_acts = "the administrator or maker of the sending software",
     .what_to_do =
         "Send without the parameter; stray text after the '>' of an address also causes it."},
    {.code = 556,
     .meaning = "the recipient's domain does not accept mail at all",
     .reference = "RFC 7504 4; RFC 7505 4.1",
     .stages = {rcpt},
     .note = "Given by a relay that found a null MX; comes with 5.1.10.",
     .who_acts = "the sender",
     .what_to_do = "Check the domain for a typing error, or reach the recipient by other means."},
};

static_assert(std::size(basic_table) == 44);

}  // namespace

std::span<const BasicCode> basic_codes() noexcept { return basic_table; }

const BasicCode* find_basic(int code) noexcept {
  const auto* found = std::lower_bound(std::begin(basic_table), std::end(basic_table), code,
                                       [](const BasicCode& row, int c) { return row.code < c; });
  return found != std::end(basic_table) && found->code == code ? found : nullptr;
}

}  // namespace postern
