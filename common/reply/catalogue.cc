#include "postern/reason.h"

// The catalogue of reasons: codes, stages, texts and advice of every refusal, one row each. The
// codes follow RFC 5321, 3463, 7372 and the RFCs each row names; where those disagree, the note
// says what was chosen. All other code treats a reason as data.
//
// Rules of the texts, which tests check:
//  - The first sentence of `text` stands alone, since mail programs show no more than about 100
//    characters: what happened, and to whom. Bounce classifiers of list managers read it too, so
//    idioms they know ("user unknown", "blocked using", "relay access denied") stand in it, and
//    none that they take for something else; tests/reply/outside_reader_test.cc is their voice.
//  - Printable ASCII without ';' and ':', because Postfix and log readers cut there.
//  - compose() puts our host name first with 421 and in the greeting (RFC 5321 4.2.3), so those
//    rows need not. No text begins with a field: a value may begin with a digit, which MTAs take
//    for a code. Clients may parse an address in a 551 text (RFC 5321 3.4), so such a row
//    holds no other.
//  - A field that is not known at every stage of the row, or that a check brings, has an else text.

namespace postern {

namespace {

using enum ReplyStage;

constexpr Reason table[] = {
    // recipient
    {.id = "rcpt-unknown",
     .group = "recipient",
     .what = "the recipient has no mailbox here",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.1",
     .stages = {rcpt},
     .reference = "RFC 5321 3.3, 4.2.3; RFC 3463 3.2",
     .note = "Never as 4yz for a user known not to exist. After DATA it could not say which "
             "recipient is meant (RFC 5321 3.3).",
     .text = "User unknown, there is no mailbox {recipient} here.",
     .advice = "Check the address for typing errors or ask the recipient for the right one.",
     .sender_help =
         "The part of the address before the @ does not exist at this domain. Correct it and send "
         "again; if the address came from an address book or a mailing list, remove it there.",
     .operator_help =
         "The receiving server speaks for its own domain, so believe it and do not try again. Take "
         "the address out of lists, aliases and forwarding rules on your side, because mail to "
         "many unknown addresses costs a server its reputation.",
     .admin_help = "Compare the address with your user and alias tables. If the mailbox was closed "
                   "recently, tell correspondents with rcpt-moved or mailbox-disabled instead.",
     .causes = {"a typing error in the address", "the person has left and the mailbox was deleted",
                "an outdated address from a list", "the server's table of users is out of date"}},
    {.id = "rcpt-lookup-failed",
     .group = "recipient",
     .what = "the user directory could not be asked",
     .kind = ReasonClass::temporary,
     .reply = "451 4.3.0",
     .tolerated = {"450 4.3.0", "451 4.4.3"},
     .stages = {rcpt},
     .reference = "RFC 3463 3.4, 3.5",
     .note = "An outage of the directory must never turn into 5.1.1, or senders strike valid "
             "addresses off their lists.",
     .text = "The mailbox {recipient} cannot be looked up, a temporary local problem.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help =
         "The receiving server could not find out whether the address exists, through no fault of "
         "yours. Your mail server keeps the message and tries again for several days.",
     .operator_help = "Leave the message in your queue, since trying again is all that is needed. "
                      "Do not let software that handles bounces strike the address off, for "
                      "nothing was said about whether it exists.",
     .admin_help = "Look at the directory (LDAP, SQL, socket map) behind your recipient tables, "
                   "and at how long it has not answered. Senders try again, so nothing is lost if "
                   "it returns within a day or two.",
     .causes = {"the directory server is down or overloaded",
                "a network fault between mail server and directory",
                "wrong login data for the directory"}},
    {.id = "rcpt-domain-bad",
     .group = "recipient",
     .what = "the recipient's domain does not exist or has no mail server",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.2",
     .stages = {rcpt},
     .reference = "RFC 3463 3.2",
     .note = "For submission and relaying, not for mail that comes in for your own domains.",
     .claim = Claim::lookup,
     .text =
         "The recipient's domain {recipient_domain|as given} does not exist or has no mail server.",
     .advice = "Check the part of the address after the @ for typing errors.",
     .sender_help =
         "DNS names no host that accepts mail for the domain of this address. Correct the "
         "spelling; if it is right, the domain has expired or its DNS is broken, and "
         "only its owner can help.",
     .operator_help = "Your server handed the message on for relaying. Query MX, A and AAAA of the "
                      "recipient's domain from outside; if they exist, the relay sees other DNS "
                      "data, such as an internal zone, and its administrator must look.",
     .admin_help =
         "Query the MX and address records of the domain through more than one resolver before you "
         "believe it. If the domain is one of yours, it is missing from the list of local domains.",
     .causes = {"a typing error in the domain", "the domain has expired",
                "its MX or address records were removed"}},
    {.id = "rcpt-domain-null-mx",
     .group = "recipient",
     .what = "the recipient's domain says that it accepts no mail",
     .kind = ReasonClass::permanent,
     .reply = "556 5.1.10",
     .tolerated = {"550 5.1.10"},
     .stages = {rcpt},
     .reference = "RFC 7505 4.1; RFC 7504 4",
     .note = "Only when relaying or submitting. 550 5.1.10 is for clients that do not know 556.",
     .claim = Claim::lookup,
     .text = "The domain {recipient_domain|of this recipient} does not accept mail (null MX).",
     .advice = "Check the domain for typing errors or use another address of the recipient.",
     .sender_help = "The owner of this domain has published in DNS that it accepts no mail at all. "
                    "Usually the address has a typing error; otherwise ask the recipient for "
                    "another address by other means.",
     .operator_help = "Query the domain's MX. A single record with preference 0 and a dot for the "
                      "host means that it takes no mail (RFC 7505 3), so return such messages at "
                      "once; a check at submission lets the author see it before sending.",
     .admin_help = "The domain's only MX record is a single dot (RFC 7505). If users report that "
                   "the domain accepts mail, query that record again, past any cache.",
     .causes = {"a typing error that hit a parked domain",
                "a domain that is used for web pages only"}},
    {.id = "rcpt-syntax",
     .group = "recipient",
     .what = "the recipient's address is not well formed",
     .kind = ReasonClass::permanent,
     .reply = "501 5.1.3",
     .tolerated = {"553 5.1.3", "550 5.1.3"},
     .stages = {rcpt},
     .reference = "RFC 5321 4.3.2; RFC 6409 5.1; RFC 3463 3.2",
     .note = "",
     .text = "Bad address syntax, {recipient} is not a valid recipient address.",
     .advice = "Write the address as name@example.org, without spaces or other stray characters.",
     .sender_help = "The address cannot be read as an e-mail address. Look for spaces, missing "
                    "parts, two @ signs, commas or one dot too many.",
     .operator_help = "Find the address in your log. If it was right when it was submitted, an "
                      "alias, a rewriting rule or a list manager of yours has spoiled it; if not, "
                      "have your submission service refuse such addresses (RFC 6409 5.1).",
     .admin_help =
         "The record shows the address as it was received. If it looks right to you, compare it "
         "with RFC 5321 4.1.2; quoted local parts and address literals are legal.",
     .causes = {"a stray space, comma or bracket", "a missing domain",
                "software that puts a display name into the address"}},
    {.id = "rcpt-ambiguous",
     .group = "recipient",
     .what = "the address fits several mailboxes",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.4",
     .tolerated = {"553 5.1.4"},
     .stages = {rcpt},
     .reference = "RFC 3463 3.2; RFC 5321 3.5.1",
     .note = "",
     .text = "The address {recipient} matches more than one mailbox here.",
     .advice = "Ask the recipient for the full address of the mailbox.",
     .sender_help = "More than one person could be meant by this address, so the server delivers "
                    "to none of them. Use the recipient's complete address.",
     .operator_help =
         "Nothing is wrong with your server. If an alias, an address book or a forwarding rule of "
         "yours holds the short form of the address, put the full one there.",
     .admin_help = "Give the address to one mailbox or make it an alias for all of them; your "
                   "directory returns more than one entry for it.",
     .causes = {"a short form of a name that two people share",
                "a duplicate entry in the directory"}},
    {.id = "rcpt-moved",
     .group = "recipient",
     .what = "the mailbox has moved, the new address is not disclosed",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.6",
     .stages = {rcpt},
     .reference = "RFC 5321 3.4; RFC 3463 3.2",
     .note = "",
     .text = "The mailbox {recipient} has moved and left no new address.",
     .advice = "Ask the recipient by other means for the new address.",
     .sender_help =
         "The person no longer uses this address, and the server does not disclose the new one. "
         "Ask by telephone or through the organisation, then remove the old address.",
     .operator_help = "Take the address out of lists, aliases and forwarding rules, and do not try "
                      "again. With 5.1.6 no new address is known, so there is nothing that your "
                      "server could send to instead (RFC 3463 3.2).",
     .admin_help = "Your list of moved mailboxes names this one without a forwarding address. Use "
                   "rcpt-moved-to if the new address may be disclosed.",
     .causes = {"the person changed provider or employer", "a department was renamed"}},
    {.id = "rcpt-moved-to",
     .group = "recipient",
     .what = "the mailbox has moved, the new address is disclosed",
     .kind = ReasonClass::permanent,
     .reply = "551 5.7.1",
     .tolerated = {"551 5.1.0", "551 5.1.6"},
     .stages = {rcpt},
     .reference = "RFC 5321 3.4, 7.7; RFC 2034 6; IANA registry",
     .note = "The rule must have a text of its own that names the new address, since a 551 without "
             "it says nothing (RFC 5321 3.4, 4.2.3). Clients may parse that address, so no other "
             "belongs there; a non-ASCII one only after MAIL with SMTPUTF8 (RFC 6531 3.7.4.1). 551 "
             "5.1.6 is allowed because clients act on the 551, but X.1.6 means that no new address "
             "is known; the other two codes do not contradict the text.",
     .text =
         "User not local, the address has been replaced by {detail|the recipient's new address}.",
     .advice = "Send to the new address from now on and correct your address book.",
     .sender_help = "The mailbox is elsewhere now, and the reply says where. Check that the new "
                    "address looks trustworthy, then send the message there.",
     .operator_help = "Return the message with the whole reply in it, so that the author reads the "
                      "new address. Do not let software rewrite recipients by such replies, "
                      "because whoever controls a server could divert mail with them.",
     .admin_help =
         "Set text in the rule to name the new address, as in \"User not local, the address has "
         "been replaced by <new@example.net>.\" You disclose it to strangers, so do that only with "
         "the user's consent; many senders ignore 551, so forwarding for some months is kinder.",
     .causes = {"the person changed provider", "the organisation moved its mail elsewhere"}},
    {.id = "mailbox-disabled",
     .group = "recipient",
     .what = "the mailbox is closed for good",
     .kind = ReasonClass::permanent,
     .reply = "550 5.2.1",
     .stages = {rcpt},
     .reference = "RFC 3463 3.3",
     .note = "",
     .text = "This mailbox is disabled, and {recipient} accepts no more mail.",
     .advice = "Use another address of the recipient.",
     .sender_help = "The mailbox exists but has been closed for good. Ask the recipient for "
                    "another address and remove this one.",
     .operator_help = "Do not try again. Take the address out of lists and forwarding rules, and "
                      "if one of your aliases leads to it, point the alias elsewhere.",
     .admin_help = "The mailbox is switched off in your directory. If it will be opened again "
                   "soon, use mailbox-disabled-temp, so that mail waits instead of bouncing.",
     .causes = {"the account was cancelled", "the person has left",
                "the account was closed for misuse"}},
    {.id = "mailbox-disabled-temp",
     .group = "recipient",
     .what = "the mailbox is suspended for now",
     .kind = ReasonClass::temporary,
     .reply = "450 4.2.1",
     .stages = {rcpt},
     .reference = "RFC 3463 3.3; RFC 5321 4.2.3",
     .note = "",
     .text = "Mailbox currently suspended, so {recipient} accepts no mail for now.",
     .advice =
         "Your mail server will try again, but tell the recipient by other means if it is urgent.",
     .sender_help = "The mailbox cannot receive mail at the moment, which may pass. Your server "
                    "keeps the message and tries again, usually for several days.",
     .operator_help = "Your queue handles this by itself. If the address is on a list of yours, do "
                      "not count the attempts as bounces until the message is finally returned.",
     .admin_help = "The mailbox is marked as suspended. Senders give up after two to five days, so "
                   "decide by then whether to open or close it.",
     .causes = {"an unpaid account", "a mailbox that is being moved", "a lock after misuse"}},
    {.id = "mailbox-full",
     .group = "recipient",
     .what = "the mailbox has no room left",
     .kind = ReasonClass::temporary,
     .reply = "452 4.2.2",
     .tolerated = {"450 4.2.2"},
     .stages = {rcpt, end_of_message},
     .reference = "RFC 3463 3.3; RFC 5321 4.2.3",
     .note = "Temporary by default, since the recipient can make room (RFC 3463 3.3).",
     .text = "Over quota, the mailbox {recipient|of at least one recipient} is full.",
     .advice =
         "Your mail server will try again, but tell the recipient by other means to make room.",
     .sender_help =
         "The recipient must delete mail or get more space before anything arrives. Your server "
         "tries again for several days; there is nothing else you need to do.",
     .operator_help = "Keep the message in the queue for the four to five days that RFC 5321 "
                      "4.5.4.1 speaks of. If one of your users forwards mail to this mailbox, tell "
                      "them, because everything sent to them will wait.",
     .admin_help = "Tell the user, or raise the quota. Senders try again for two to five days; "
                   "choose mailbox-full-perm only if such mailboxes stay full anyway.",
     .causes = {"the recipient does not delete old mail", "nobody reads the mailbox any more",
                "a flood of mail has filled it"}},
    {.id = "mailbox-full-perm",
     .group = "recipient",
     .what = "the mailbox has no room left, and mail for it is sent back",
     .kind = ReasonClass::permanent,
     .reply = "552 5.2.2",
     .tolerated = {"550 5.2.2"},
     .stages = {rcpt, end_of_message},
     .reference = "IANA registry; RFC 5321 4.2.3",
     .note = "Allowed, but RFC 3463 3.3 asks for a temporary code. For sites that chose it.",
     .text = "Mailbox full, so mail for {recipient|at least one recipient} is refused until there "
             "is room.",
     .advice = "Tell the recipient by other means, then send the message again.",
     .sender_help = "The mailbox is full and the server does not wait for room. Reach the "
                    "recipient by other means and send again once there is room.",
     .operator_help = "The receiving site wants no further attempts, so return the message. A list "
                      "manager should strike the address off only after several such refusals, "
                      "because the recipient may make room.",
     .admin_help = "You chose to refuse such mail at once. If users complain about lost mail, use "
                   "mailbox-full, which lets the sender's server wait.",
     .causes = {"nobody reads the mailbox any more", "the recipient has reached the quota"}},
    {.id = "mailbox-size-limit",
     .group = "recipient",
     .what = "the message is larger than this mailbox accepts",
     .kind = ReasonClass::permanent,
     .reply = "552 5.2.3",
     .stages = {rcpt, end_of_message},
     .reference = "RFC 1870 6.4(2); RFC 3463 3.3",
     .note = "",
     .text =
         "The message size exceeds what the mailbox {recipient|of at least one recipient} accepts.",
     .advice = "Make the message smaller or share the attachment as a link.",
     .sender_help = "This mailbox has a size limit of its own, below that of the server. Send a "
                    "smaller message; attachments grow by a third when they are encoded.",
     .operator_help = "The limit is that of one mailbox and stands in no reply to EHLO, so your "
                      "server cannot know it beforehand. Return the message to its author; other "
                      "recipients of the same domain may well get it.",
     .admin_help = "The mailbox has its own limit for a single message. Raise it there if the user "
                   "needs large mail; the server's own limit is message-too-big.",
     .causes = {"a large attachment", "a low limit set for this user"}},
    {.id = "mailbox-busy-rate",
     .group = "recipient",
     .what = "the mailbox receives mail too fast",
     .kind = ReasonClass::temporary,
     .reply = "450 4.2.1",
     .tolerated = {"451 4.7.0"},
     .stages = {rcpt},
     .reference = "RFC 5321 4.2.3; RFC 3463 3.3",
     .note = "",
     .claim = Claim::counter,
     .text = "The mailbox {recipient} is receiving mail too fast, please try again slower.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "So much mail is arriving for this mailbox that the server slows it down. Your "
                    "mail server keeps the message and tries again.",
     .operator_help =
         "Your server tries again by itself. If a system of yours is the one that sends so much, "
         "such as a monitor or a form, slow it down at its source, or your queue will only grow.",
     .admin_help =
         "Look at who sends to this mailbox: a flood of sign-up mail, a loop, or a monitoring "
         "system. The limit is per mailbox, so raise it for busy role addresses.",
     .causes = {"a mail loop or an automatic system that reports errors",
                "a flood of mail aimed at the user", "a busy role address"}},
    {.id = "list-expansion-temp",
     .group = "recipient",
     .what = "the members of a mailing list cannot be determined now",
     .kind = ReasonClass::temporary,
     .reply = "450 4.2.4",
     .tolerated = {"452 4.2.4"},
     .stages = {rcpt},
     .reference = "RFC 3463 3.3; IANA registry",
     .note = "",
     .text = "The members of the list {recipient} cannot be determined right now.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "The address is a mailing list, and the server cannot read its members at the "
                    "moment. Your message will be tried again.",
     .operator_help = "The fault lies behind the receiving server, so trying again is all that "
                      "your server can do. If it lasts for a day, tell the postmaster there, since "
                      "the owner of the list may not know.",
     .admin_help = "Look at the table or directory that holds the members of the list, and at the "
                   "list program's log.",
     .causes = {"the list's database does not answer", "the list is being changed"}},
    {.id = "list-not-allowed",
     .group = "recipient",
     .what = "the sender may not post to this mailing list",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.2",
     .stages = {rcpt, end_of_message},
     .reference = "RFC 3463 3.8",
     .note = "",
     .text = "You are not allowed to post to this mailing list, {recipient|one of the recipients}.",
     .advice = "Write from the address that is subscribed, or ask the owner of the list.",
     .sender_help = "Only certain senders may write to this list. Join it, use the address you "
                    "subscribed with, or ask its owner to pass your message on.",
     .operator_help = "Your server has done its part, because the list decides by the sender. If a "
                      "gateway or list of yours passes mail on to this one, have its envelope "
                      "sender and From address admitted there.",
     .admin_help = "The list admits only the senders you named for it. Add the address, or let the "
                   "list software moderate unknown senders.",
     .causes = {"the sender is not a member", "the sender is a member under another address",
                "the list is for announcements only"}},
    {.id = "rcpt-policy",
     .group = "recipient",
     .what = "this sender may not write to this recipient",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .stages = {rcpt},
     .reference = "RFC 5321 7.9; RFC 3463 3.8",
     .note = "",
     .text = "Sender rejected because {recipient} does not accept mail from this address.",
     .advice = "Ask the recipient by other means to allow your address.",
     .sender_help =
         "The recipient or the organisation accepts mail for this address only from certain "
         "senders. Nothing is wrong with your message; ask them to let you through.",
     .operator_help =
         "No setting of yours lifts this. If your user should be allowed, see in your log whether "
         "your server changed the envelope sender, as forwarding with SRS does.",
     .admin_help = "A rule of yours ties this recipient to certain senders. Find it with postern "
                   "explain and add the sender if that was not meant.",
     .causes = {"an address for internal use only", "the recipient has blocked the sender",
                "a rule that is wider than meant"}},
    {.id = "relay-denied",
     .group = "recipient",
     .what = "the recipient's domain is not ours and the client may not relay",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1", "551 5.7.1"},
     .stages = {rcpt},
     .reference = "RFC 5321 3.6.2, 7.9",
     .note = "554 is what Postfix sends by default (relay_domains_reject_code). 551 needs a text "
             "of your own that names the right address (RFC 5321 3.4).",
     .text = "Relay access denied because this client may not send to {recipient_domain|that "
             "domain} through us.",
     .advice = "Users must log in before they send, and other servers must deliver to the MX host "
               "of that domain.",
     .sender_help = "This server accepts mail only for its own domains, or from users who have "
                    "logged in. If it is your provider's server, switch on authentication for "
                    "outgoing mail; otherwise the domain's MX record leads to the wrong host.",
     .operator_help = "If the MX record of the recipient's domain leads to this host, tell the "
                      "owner of that domain. Otherwise look for a route on your side that sends it "
                      "here (in Postfix transport_maps or relayhost), and if this host is your "
                      "smart host, for missing login data.",
     .admin_help =
         "If the domain is yours, add it to the local or relay domains. If the client is yours, "
         "let it authenticate or list its network; never open relaying to everybody.",
     .causes = {"the mail program does not log in for sending",
                "the domain is missing from the server's configuration",
                "an MX record that leads to the wrong server",
                "somebody looking for an open relay"}},
    {.id = "too-many-recipients",
     .group = "recipient",
     .what = "more recipients than one transaction may hold",
     .kind = ReasonClass::temporary,
     .reply = "452 4.5.3",
     .stages = {rcpt},
     .reference = "RFC 5321 4.5.3.1.8, 4.5.3.1.10",
     .note = "Never before 100 recipients have been accepted, never 552, and the recipients "
             "accepted before it stay accepted (RFC 5321 4.5.3.1.8, 4.5.3.1.10).",
     .text = "Too many recipients in one transaction, so send to {recipient} in the next one.",
     .advice =
         "Your mail server will send to the remaining recipients in another transaction by itself.",
     .sender_help = "The message goes to more people than the server accepts at once. The sending "
                    "server delivers to the first ones and sends another copy for the rest, "
                    "without any action on your part.",
     .operator_help =
         "Your server should deliver to the recipients that were accepted and send to the others "
         "in another transaction (RFC 5321 4.5.3.1.10). If it puts off the whole message instead, "
         "give fewer recipients to each transaction, in Postfix smtp_destination_recipient_limit.",
     .admin_help = "This is a limit on one transaction, not on a message. It must not be below "
                   "100; a limit as policy is too-many-recipients-policy.",
     .causes = {"a message to a large group",
                "sending software that does not split its recipients"}},
    {.id = "too-many-recipients-policy",
     .group = "recipient",
     .what = "the site forbids messages to so many recipients",
     .kind = ReasonClass::permanent,
     .reply = "550 5.5.3",
     .tolerated = {"503 5.5.3", "554 5.5.3"},
     .at = {{{data, "554 5.5.3"}}},
     .stages = {rcpt, data},
     .reference = "RFC 5321 4.5.3.1.10",
     .note = "",
     .text = "Too many recipients, since we accept only {limit|a limited number} in one message.",
     .advice = "Send to smaller groups or use a mailing list, because the same message will be "
               "refused again.",
     .sender_help =
         "The receiving site does not allow messages to so many people at once. Split the group or "
         "use a mailing list; sending the same message again will not work.",
     .operator_help =
         "Give this destination fewer recipients in each transaction, in Postfix "
         "smtp_destination_recipient_limit, if that is all the site objects to. When a user writes "
         "to crowds who never did so before, look for a stolen password.",
     .admin_help = "This is your policy, and permanent for the sender. Use too-many-recipients if "
                   "you only want the message to be split.",
     .causes = {"a message to a large group", "a whole address book used by mistake",
                "a stolen account sending spam"}},
    {.id = "no-valid-recipients",
     .group = "recipient",
     .what = "DATA without an accepted recipient",
     .kind = ReasonClass::permanent,
     .reply = "554 5.5.1",
     .tolerated = {"503 5.5.1"},
     .stages = {data},
     .reference = "RFC 5321 3.3",
     .note = "",
     .text = "No valid recipients, because none was named or each one was refused earlier.",
     .advice = "Read the earlier replies to the recipients, which say what is wrong with each.",
     .sender_help =
         "By the time the message was to be sent, the server had refused every recipient. The real "
         "cause is in the replies to the recipients before this one.",
     .operator_help =
         "The replies to each RCPT stand in your log and say what is wrong. With PIPELINING this "
         "reply behind them is normal and tells you nothing new (RFC 2920 3.1).",
     .admin_help = "Look at the earlier replies of the session. A client that sends DATA all the "
                   "same is either PIPELINING, which is legal, or ignores replies.",
     .causes = {"every recipient was refused", "the client sent no RCPT",
                "a client that does not read replies"}},
    {.id = "rrvs-owner-changed",
     .group = "recipient",
     .what = "the mailbox has a new owner since the date given",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.17",
     .stages = {rcpt, end_of_message},
     .reference = "RFC 7293 5.1, 15.3",
     .note = "Role accounts such as postmaster are exempt (RFC 7293).",
     .text = "The mailbox of {recipient|a recipient} has changed owner since the date you gave.",
     .advice = "Remove this address and ask the person you mean for the current one.",
     .sender_help =
         "Your message asked to be delivered only to the person who had this address at an earlier "
         "date. It belongs to somebody else now, so the message was not delivered.",
     .operator_help = "A system of yours asked for this check, usually one that sends notices "
                      "about accounts. Mark the address there as belonging to somebody else, and "
                      "send nothing personal to it any more.",
     .admin_help = "Your record of when the mailbox was given to its present user is later than "
                   "the date in the RRVS parameter or field.",
     .causes = {"the provider gave the address to another person",
                "the account was deleted and created again"}},
    {.id = "rrvs-domain-changed",
     .group = "recipient",
     .what = "the recipient's domain has a new owner since the date given",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.18",
     .stages = {rcpt, end_of_message},
     .reference = "RFC 7293 15.3",
     .note = "",
     .text =
         "The domain {recipient_domain|of a recipient} has changed owner since the date you gave.",
     .advice = "Remove all addresses of this domain that you noted before it changed hands.",
     .sender_help =
         "Your message asked for the owner of the address at an earlier date, and the whole domain "
         "has changed hands since. Find the person's current address by other means.",
     .operator_help = "In the system that asked for this check, mark every address of the domain "
                      "as unproved. Notices and password resets would reach strangers.",
     .admin_help = "Your record of when you took over the domain is later than the date in the "
                   "RRVS parameter or field.",
     .causes = {"the domain was sold", "the domain had expired and was registered again"}},
    {.id = "rrvs-unknown",
     .group = "recipient",
     .what = "it cannot be told whether the mailbox changed hands",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.19",
     .stages = {rcpt, end_of_message},
     .reference = "RFC 7293 15.3",
     .note = "",
     .text = "This server cannot tell whether {recipient|a recipient} has changed hands.",
     .advice = "Confirm the address by other means or send without asking for its owner (RRVS).",
     .sender_help = "Your message asked to be delivered only if the address still belongs to the "
                    "same person, and the server has no record of that. Confirm the address, then "
                    "send without that condition.",
     .operator_help =
         "Decide in the system that wrote the message whether it may go without the condition, by "
         "what a stranger would learn from it (RFC 7293). Password resets should not.",
     .admin_help = "You advertise RRVS but have no creation date for this mailbox. Fill in the "
                   "date or stop offering the extension.",
     .causes = {"a mailbox older than the records",
                "a forwarded address, whose owner the server cannot know"}},
    // sender
    {.id = "sender-syntax",
     .group = "sender",
     .what = "the sender's address is not well formed",
     .kind = ReasonClass::permanent,
     .reply = "501 5.1.7",
     .tolerated = {"553 5.1.7", "550 5.1.7"},
     .stages = {mail},
     .reference = "RFC 5321 4.1.4, 3.3; RFC 6409 5.1; RFC 3463 3.2",
     .note = "",
     .text = "Sender address rejected because {sender} is not well formed.",
     .advice =
         "Correct the sender address in the mail program or application that sent the message.",
     .sender_help = "The address in the envelope of your message cannot be read as an e-mail "
                    "address. Correct your own address in the account settings; if a web "
                    "application sent it, tell whoever runs it.",
     .operator_help = "Look in your log what was sent as MAIL FROM and who submitted it. Have your "
                      "submission service refuse such addresses, and complete local names with a "
                      "domain, in Postfix by myorigin.",
     .admin_help = "The record shows the address as it was received. Generated bounce addresses "
                   "can look odd and still be legal (RFC 5321 4.1.2).",
     .causes = {"a typing error in the account settings",
                "a web application with a bad sender setting",
                "a local user name without a domain"}},
    {.id = "sender-domain-bad",
     .group = "sender",
     .what = "the sender's domain has no mail server and no address",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.8",
     .tolerated = {"553 5.1.8", "501 5.1.8"},
     .stages = {mail},
     .reference = "RFC 5321 3.3, 2.3.5; RFC 3463 3.2; IANA registry",
     .note = "Never for the empty sender.",
     .claim = Claim::sender_lookup,
     .text = "The sender domain {sender_domain} has no MX or address record in DNS.",
     .advice = "Send with an address whose domain can receive mail.",
     .sender_help = "Replies and error reports to your address could not be delivered, so the "
                    "message is not accepted. Correct the domain of your sender address, or have "
                    "its owner fix the DNS records.",
     .operator_help = "If the domain is yours, publish an MX record, or an A or AAAA record, and "
                      "query it from outside. If your server adds its internal host name to "
                      "senders, set the domain it adds, in Postfix myorigin.",
     .admin_help = "Query MX, A and AAAA of the domain yourself. Be sure that your resolver said "
                   "that nothing exists; a lookup that failed is sender-domain-temp.",
     .causes = {"a typing error in the sender address",
                "a server that sends with its internal host name", "an expired domain",
                "a forged sender"}},
    {.id = "sender-domain-temp",
     .group = "sender",
     .what = "the sender's domain could not be looked up",
     .kind = ReasonClass::temporary,
     .reply = "451 4.1.8",
     .tolerated = {"450 4.1.8", "451 4.4.3"},
     .stages = {mail},
     .reference = "IANA registry; RFC 3463 3.5",
     .note = "",
     .claim = Claim::sender_lookup,
     .text = "The DNS lookup of the sender domain {sender_domain} failed temporarily.",
     .advice = "Your mail server will try again, but check the domain's name servers if the "
               "problem lasts.",
     .sender_help =
         "The name servers of your domain did not answer properly. The message will be tried again "
         "automatically; if the problem lasts, the owner of the domain must look at its DNS.",
     .operator_help = "Query each name server of the domain from outside, with DNSSEC too. Your "
                      "queue keeps the message, so nothing is lost if they are mended within days.",
     .admin_help = "Query your resolver for the domain's MX. If other domains fail too, the fault "
                   "is yours; if only this one, its name servers or DNSSEC are broken.",
     .causes = {"name servers of the domain are down", "an expired DNSSEC signature",
                "trouble with the receiver's resolver"}},
    {.id = "sender-null-mx",
     .group = "sender",
     .what = "the sender's domain says that it accepts no mail",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.27",
     .stages = {mail, end_of_message},
     .reference = "RFC 7505 4.1, 4.2",
     .note = "The domain may be the envelope's or, at the end of the message, the From field's.",
     .claim = Claim::sender_lookup,
     .text = "Sender rejected because the domain {detail|in its address} accepts no mail (null "
             "MX). The envelope sender was {sender|empty}.",
     .advice = "Send with an address of a domain that can receive mail.",
     .sender_help =
         "The domain of your address has published that it never receives mail (RFC 7505), so it "
         "must not be used as a sender. Use another address, or have the record removed.",
     .operator_help =
         "Send with an address of another domain, or give this one a real MX record and accept "
         "bounces there. RFC 7505 4.2 advises against a null MX for domains that send mail.",
     .admin_help =
         "The domain's only MX record is a single dot. It applies to the envelope sender or the "
         "From field, whichever your rule looked at; refusing it is what RFC 7505 suggests.",
     .causes = {"a web-only domain used for sending", "a no-reply address in a domain without mail",
                "a forged sender"}},
    {.id = "sender-mx-bogus",
     .group = "sender",
     .what = "the sender's domain names a mail server that cannot be reached",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.8",
     .tolerated = {"550 5.7.1"},
     .stages = {mail},
     .reference = "RFC 3463 3.2",
     .note = "",
     .claim = Claim::sender_lookup,
     .text = "The MX of sender domain {sender_domain} leads to no address that mail can reach.",
     .advice = "Have the MX record of the domain point to a host that can be reached.",
     .sender_help = "The mail server named for your domain has an address that nobody outside can "
                    "reach, such as 127.0.0.1. The owner of the domain must correct its MX record.",
     .operator_help = "Let the MX record lead to a host with a public address, and query it from "
                      "outside, since an internal view of DNS hides the fault. A domain that takes "
                      "no mail should not send any either.",
     .admin_help = "The record shows the host and address that were found. Networks that you route "
                   "privately must be exempt from this rule.",
     .causes = {"an MX record with an internal address", "a spammer's domain",
                "a placeholder set by the registrar"}},
    {.id = "sender-unverified",
     .group = "sender",
     .what = "the sender's own server says the mailbox does not exist",
     .kind = ReasonClass::permanent,
     .reply = "550 5.1.0",
     .tolerated = {"550 5.1.8", "550 5.7.1"},
     .stages = {mail, rcpt},
     .reference = "RFC 3463 3.2",
     .note = "X.1.7 is about syntax only, though Postfix sends it here. Callouts burden the "
             "domains that are forged; use them sparingly.",
     .claim = Claim::callout,
     .text = "Sender address rejected because its own mail server does not know {sender}.",
     .advice = "Send with an address that can receive mail.",
     .sender_help = "The receiving server asked the mail server of your domain, which did not know "
                    "your address. Correct the sender address or create the mailbox.",
     .operator_help =
         "See that your server accepts mail for every address that you send with, and from the "
         "empty sender as well, which callouts use (RFC 5321 4.5.5). If you refuse such probes on "
         "purpose, ask the receiving postmaster for an exemption.",
     .admin_help = "The callout was refused by the sender's server; the record shows its reply. "
                   "Some servers refuse such probes on principle, so exempt their domains.",
     .causes = {"a no-reply address that does not exist", "a typing error in the sender address",
                "a forged sender", "a server that refuses callouts"}},
    {.id = "sender-blocked",
     .group = "sender",
     .what = "the sender is on a local list",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"553 5.7.1"},
     .stages = {mail},
     .reference = "RFC 5321 7.9; RFC 3463 3.8",
     .note = "",
     .text = "Sender address rejected because {sender} is on our own block list.",
     .advice = "If this is a mistake, write to our postmaster from another address.",
     .sender_help = "The receiving administrator has decided not to accept mail from your address "
                    "or domain, and nobody else can change that. Ask the postmaster named in the "
                    "reply, by other means or from another address.",
     .operator_help =
         "Find out what that site got from this address or domain; a stolen account and a forged "
         "sender are the usual stories. Publish SPF and DMARC so that forgeries can be told from "
         "your mail, then ask its postmaster to remove the entry.",
     .admin_help = "The table named in the record holds the sender or its domain. Remove the entry "
                   "if its cause is gone.",
     .causes = {"earlier spam from this address or domain", "a forged address that was blocked",
                "an entry that is too broad"}},
    {.id = "sender-not-owner",
     .group = "sender",
     .what = "the authenticated user may not use this sender address",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"553 5.7.1"},
     .stages = {mail, rcpt},
     .reference = "RFC 6409 6.1",
     .note = "",
     .text = "Sender address rejected because {sender} is not owned by the logged-in user.",
     .advice = "Choose an address of your own account or have this address added to it.",
     .sender_help =
         "You logged in as one user and sent with somebody else's address. Pick the right account "
         "in your mail program, or ask the provider to let your account use this address.",
     .operator_help = "The login that was used may send only with its own addresses. If your "
                      "server relays through this one, have the address added to its account, or "
                      "rewrite the sender on your side, in Postfix with smtp_generic_maps.",
     .admin_help = "Add the address to those the user may send with, if that is wanted. Many such "
                   "refusals from one account suggest a stolen password.",
     .causes = {"the wrong account chosen in the mail program",
                "a shared address not assigned to the user", "a stolen password"}},
    {.id = "sender-utf8-not-allowed",
     .group = "sender",
     .what = "the sender's address has non-ASCII characters",
     .kind = ReasonClass::permanent,
     .reply = "550 5.6.7",
     .tolerated = {"553 5.6.7"},
     .stages = {mail},
     .reference = "RFC 6531 3.5",
     .note = "",
     .text = "The sender address has non-ASCII characters, which cannot be used here.",
     .advice = "Send with an address in plain ASCII characters.",
     .sender_help =
         "This server or session does not support internationalised addresses. Use an ASCII "
         "address of your mailbox; providers that offer such addresses usually give you both.",
     .operator_help = "Such an address may go only to a server that offers SMTPUTF8, and this one "
                      "does not or could not hand it on (RFC 6531). Give users with such addresses "
                      "an alias in ASCII to send with.",
     .admin_help = "The client used a non-ASCII address without SMTPUTF8, or your server does not "
                   "offer it. Postfix needs smtputf8_enable, and every next host needs it too.",
     .causes = {"the client did not ask for SMTPUTF8", "the server does not offer SMTPUTF8"}},
    {.id = "rcpt-utf8-not-allowed",
     .group = "sender",
     .what = "the recipient's address has non-ASCII characters",
     .kind = ReasonClass::permanent,
     .reply = "553 5.6.7",
     .tolerated = {"550 5.6.7"},
     .stages = {rcpt},
     .reference = "RFC 6531 3.5",
     .note = "",
     .text = "The recipient address has non-ASCII characters, which cannot be accepted here.",
     .advice = "Ask the recipient for an address in plain ASCII characters.",
     .sender_help = "A server on the way to this recipient does not support internationalised "
                    "addresses. Ask for an ASCII address of the same mailbox.",
     .operator_help = "See in your log whether your server asked for SMTPUTF8; a content filter or "
                      "a relay of yours may have dropped it. If the receiving server does not "
                      "offer it, only an ASCII address of the recipient helps.",
     .admin_help =
         "The session had no SMTPUTF8, or the next host for this domain does not offer it.",
     .causes = {"the sending server does not use SMTPUTF8", "the next host does not support it"}},
    {.id = "utf8-message-not-deliverable",
     .group = "sender",
     .what = "a recipient's system cannot accept UTF-8 header fields",
     .kind = ReasonClass::permanent,
     .reply = "554 5.6.9",
     .tolerated = {"550 5.6.9"},
     .stages = {end_of_message},
     .reference = "RFC 6531 3.5; IANA registry",
     .note = "",
     .claim = Claim::content,
     .text = "A recipient's system cannot accept this message because its header contains UTF-8.",
     .advice = "Write addresses and names in ASCII, or send to that recipient separately.",
     .sender_help = "Your message uses internationalised header fields, and at least one recipient "
                    "is on a system that knows only ASCII. Send it without them.",
     .operator_help = "Deliver the message to each recipient in a transaction of its own, so that "
                      "only the one behind the old system is refused. Software that can write its "
                      "header in ASCII (RFC 2047) avoids the question.",
     .admin_help = "After DATA one reply stands for all recipients, so a single old system refuses "
                   "the message for everybody. Offer SMTPUTF8 only if the next hosts have it.",
     .causes = {"a recipient behind an old mail server", "a downstream host without SMTPUTF8"}},
    {.id = "utf8-header-undeclared",
     .group = "sender",
     .what = "raw 8-bit characters in the header without SMTPUTF8",
     .kind = ReasonClass::permanent,
     .reply = "554 5.6.0",
     .tolerated = {"550 5.6.0", "550 5.6.7"},
     .stages = {end_of_message},
     .reference = "RFC 6531 3.6; RFC 3463 3.7",
     .note = "A policy choice: RFC 5321 3.3 says that header defects should not lead to refusal.",
     .claim = Claim::content,
     .text = "The header has raw 8-bit characters, but SMTPUTF8 was not requested.",
     .advice = "Send with software that encodes such characters (RFC 2047) or uses SMTPUTF8.",
     .sender_help = "Your mail program put special characters into the header without encoding "
                    "them. A newer version of it or another program gets this right.",
     .operator_help =
         "Find the program that wrote the header, with the help of the Received fields, and have "
         "it encode such words (RFC 2047). If it means to use SMTPUTF8, your server has to ask for "
         "it, in Postfix by smtputf8_autodetect_classes.",
     .admin_help = "Much legitimate mail from old scripts has this fault, so weigh it as a hint "
                   "rather than refusing. Exempt the devices and scripts you know.",
     .causes = {"a home-grown script that sends mail", "old sending software", "spam software"}},
    // helo
    {.id = "helo-missing",
     .group = "helo",
     .what = "MAIL came before HELO or EHLO",
     .kind = ReasonClass::permanent,
     .reply = "503 5.5.1",
     .stages = {mail},
     .reference = "RFC 5321 4.1.4",
     .note = "",
     .text = "Client [{client_address}] sent MAIL before HELO or EHLO.",
     .advice = "Use mail software that sends EHLO first.",
     .sender_help = "The sending program left out the greeting that starts every SMTP session. Its "
                    "vendor must fix it.",
     .operator_help = "A session begins with EHLO or HELO, and with another EHLO after STARTTLS "
                      "(RFC 3207 4.2). Mail servers do that by themselves, so look for a script, a "
                      "device or a proxy that speaks to port 25 in place of yours.",
     .admin_help = "Real mail servers always greet, so this is a script or a bot. After STARTTLS "
                   "the client has to greet again.",
     .causes = {"a home-grown script", "a spam program",
                "a client that forgot EHLO after STARTTLS"}},
    {.id = "helo-syntax",
     .group = "helo",
     .what = "the HELO name is not well formed",
     .kind = ReasonClass::permanent,
     .reply = "501 5.5.4",
     .tolerated = {"550 5.5.4", "550 5.7.1"},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 4.1.4, 4.3.2; RFC 2034 4",
     .note = "In the reply to HELO itself no enhanced code is required (RFC 2034 4).",
     .text = "The HELO name {helo|of this client} is not a valid host name or address literal.",
     .advice = "Configure the sending server with its own full host name.",
     .sender_help = "The sending server introduced itself with something that is not a host name. "
                    "Its administrator sets the name, in Postfix with myhostname.",
     .operator_help = "Have your server greet with its full host name, in letters, digits, hyphens "
                      "and dots, or with its address in brackets (RFC 5321 4.1.3). In Postfix that "
                      "is smtp_helo_name, in Exim helo_data of the transport.",
     .admin_help = "Underscores and bare addresses without brackets are the usual faults. Some old "
                   "devices cannot be fixed; allow them by address.",
     .causes = {"an underscore in the host name", "a bare IP address without brackets", "a bot"}},
    {.id = "helo-not-fqdn",
     .group = "helo",
     .what = "the HELO name has no domain",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"504 5.5.2", "501 5.5.4"},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 2.3.5, 7.9",
     .note = "Postfix sends 504 5.5.2 by default, though 504 means a parameter that is not "
             "implemented.",
     .text = "The HELO name {helo|of this client} is not a fully qualified host name.",
     .advice = "Configure the sending server with its full name, such as mail.example.org.",
     .sender_help =
         "The sending server introduced itself with a short name. Its administrator sets the full "
         "host name; users' mail programs should send through port 587 with login.",
     .operator_help =
         "Have your server greet with a name that has its domain and that DNS knows, such as "
         "mail.example.org. Set myhostname in Postfix, primary_hostname in Exim, confDOMAIN_NAME "
         "in Sendmail; a bare name such as localhost is a default that nobody changed.",
     .admin_help = "Exempt authenticated users and your own networks, since mail programs greet "
                   "with short names. Real mail servers seldom do.",
     .causes = {"a server with a default name such as localhost",
                "a mail program that sends without login", "a bot"}},
    {.id = "helo-forged",
     .group = "helo",
     .what = "the client calls itself by our name or address",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 7.9",
     .note = "",
     .text = "Client [{client_address}] greeted us with our own name or address.",
     .advice = "Configure the sending server to greet with its own name.",
     .sender_help = "The sending host claims to be the receiving server. Give it its own host "
                    "name; if you did not set this up, the host may be infected.",
     .operator_help = "Give your server a HELO name of its own. If it has one, another machine "
                      "behind the same address sends, most likely an infected one; close port 25 "
                      "to the outside for all but the mail server.",
     .admin_help = "Exempt your own hosts, since a backup MX or a web server of yours may greet "
                   "with a shared name. From outside it is nearly always a bot.",
     .causes = {"a bot", "a copied configuration",
                "a host of your own behind address translation"}},
    {.id = "helo-unresolvable",
     .group = "helo",
     .what = "the HELO name does not exist in DNS",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"450 4.7.1"},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 2.3.5, 7.9",
     .note = "",
     .claim = Claim::helo_lookup,
     .text = "The HELO name {helo|of this client} does not resolve in DNS.",
     .advice = "Give the sending server's name an A or AAAA record, or correct the name.",
     .sender_help = "The name with which the sending server introduces itself does not exist. Its "
                    "administrator either publishes the name or sets the right one.",
     .operator_help =
         "Publish an A or AAAA record for the name your server greets with, or set a name that has "
         "one, since RFC 5321 2.3.5 permits only names that resolve. Query it from outside, "
         "because names such as server.local exist only at home.",
     .admin_help = "Quite a few legitimate servers greet with an internal name, so expect "
                   "complaints. A lookup that failed is helo-lookup-temp, never this.",
     .causes = {"an internal name such as server.local", "a name that was removed from DNS",
                "a bot"}},
    {.id = "helo-lookup-temp",
     .group = "helo",
     .what = "the HELO name could not be looked up",
     .kind = ReasonClass::temporary,
     .reply = "451 4.4.3",
     .tolerated = {"450 4.7.0"},
     .at = {{{helo, "421 4.4.3"}}},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 3463 3.5",
     .note = "",
     .claim = Claim::helo_lookup,
     .text = "The DNS lookup of the HELO name {helo|of this client} failed temporarily.",
     .advice = "Your mail server will try again, but check the name servers behind that name if "
               "the problem lasts.",
     .sender_help =
         "The receiving server could not check the name of the sending server. The message will be "
         "tried again; if the problem lasts, the DNS of the sending server's domain is at fault.",
     .operator_help =
         "Query each name server behind your HELO name from outside; one that does not answer or "
         "fails DNSSEC is enough. Your queue keeps the message meanwhile.",
     .admin_help =
         "Query your resolver for the name. If many names fail, look at the resolver first.",
     .causes = {"name servers of that domain are down", "trouble with the receiver's resolver"}},
    {.id = "helo-ip-mismatch",
     .group = "helo",
     .what = "the HELO name leads to an address other than the client's",
     .kind = ReasonClass::none,
     .reply = "",
     .stages = {},
     .reference = "RFC 5321 4.1.4",
     .note = "Record it or count it in a score, but never refuse because of it: RFC 5321 4.1.4 "
             "forbids that.",
     .text = "The HELO name {helo|of this client} does not lead to [{client_address}].",
     .advice = "No action is needed, though a matching name is good practice.",
     .sender_help =
         "The name of the sending server belongs to another address. No mail may be refused for "
         "that alone; if yours was, point the receiving administrator to RFC 5321 4.1.4.",
     .operator_help =
         "Nothing has to be repaired, though one name for HELO, A or AAAA and PTR earns a server "
         "trust. If a site refuses for this alone, point its postmaster to RFC 5321 4.1.4.",
     .admin_help = "RFC 5321 4.1.4 forbids refusing on this ground, since hosts with several "
                   "addresses are normal. Use it in a score together with other signs.",
     .causes = {"a server with several addresses", "address translation",
                "a server behind a pool of outgoing addresses"}},
    // client
    {.id = "client-no-rdns",
     .group = "client",
     .what = "the client has no valid reverse name",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.25",
     .stages = {helo, mail, rcpt},
     .reference = "RFC 7372 3.3; RFC 8601 3",
     .note = "",
     .claim = Claim::reverse_name,
     .text = "Client [{client_address}] has no valid reverse DNS (PTR record).",
     .advice = "Have a PTR record set whose name resolves to the same address.",
     .sender_help = "The address of the sending server has no name, or a name that does not lead "
                    "back to it. Whoever owns the address, usually the hosting provider, sets the "
                    "PTR record; the name then needs an A or AAAA record.",
     .operator_help =
         "Have whoever owns the address set a PTR record, and give the name in it an A or AAAA "
         "record with the same address. Mind IPv6, where a PTR is often forgotten; until it is "
         "set, Postfix can keep to IPv4 with smtp_address_preference.",
     .admin_help = "Check PTR and its forward record yourself. A lookup that failed is "
                   "client-rdns-temp; Postfix shows both as unknown.",
     .causes = {"no PTR record was ever set", "the PTR name has no matching A or AAAA record",
                "a home connection not meant for a mail server",
                "the PTR record was lost in a move"}},
    {.id = "client-rdns-temp",
     .group = "client",
     .what = "the client's reverse name could not be looked up",
     .kind = ReasonClass::temporary,
     .reply = "451 4.4.3",
     .tolerated = {"450 4.7.25", "451 4.7.25"},
     .at = {{{helo, "421 4.4.3"}}},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 3463 3.5; RFC 8601 2.7.3",
     .note = "",
     .claim = Claim::reverse_name,
     .text = "The reverse DNS of client [{client_address}] cannot be looked up right now.",
     .advice = "Your mail server will try again, but check the reverse zone of the address if the "
               "problem lasts.",
     .sender_help = "The receiving server could not look up the name of the sending server. The "
                    "message will be tried again automatically; if the problem lasts, the provider "
                    "of the address has broken reverse DNS.",
     .operator_help = "Query the PTR of your server's address from outside and follow the "
                      "delegation of its reverse zone; the owner of the address has to mend it. "
                      "Your queue keeps the message meanwhile.",
     .admin_help = "Query your resolver for the PTR of the address. If many addresses fail, look "
                   "at the resolver first.",
     .causes = {"name servers of the reverse zone are down",
                "a broken delegation of the reverse zone", "trouble with the receiver's resolver"}},
    {.id = "dnsbl-listed",
     .group = "client",
     .what = "the client or a domain is on a DNS block list",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 7.9; RFC 5782 2.1",
     .note = "Quote the list, the listed value and the list's own text, cleaned. Answers outside "
             "127/8 and error values such as 127.255.255.x are not listings.",
     .claim = Claim::block_list,
     .text = "Client host [{client_address}] is blocked using {list|a block list}. It lists "
             "{listed_value|this host or its domain}.",
     .advice = "Look the address up on that list, remove the cause, then ask the list for removal.",
     .sender_help =
         "The receiving site uses a public list of addresses or domains that have sent spam, and "
         "yours is on it. Only the operator of the list can remove the entry; find the cause first "
         "(an infected machine, a stolen account, a bad neighbour), or it will come back.",
     .operator_help = "Look your address up on the list that the reply names, and read why it is "
                      "there. Find in your logs what did it (a stolen account, an open form, an "
                      "infected machine behind the same address), stop it, then ask the list for "
                      "removal; sending from another address only gets that one listed too.",
     .admin_help = "You chose this list, so its mistakes look like yours. Query it by hand as the "
                   "record shows, and allow wanted senders with a rule before this one.",
     .causes = {"an infected machine or stolen account sends spam",
                "a dynamic or home address that should not send directly",
                "a bad neighbour in the same network",
                "an old entry from a former owner of the address"}},
    {.id = "dnsbl-listed-connect",
     .group = "client",
     .what = "the client is on a DNS block list, refused in the greeting",
     .kind = ReasonClass::permanent,
     .reply = "554",
     .tolerated = {"554 5.7.1"},
     .stages = {connect},
     .reference = "RFC 5321 3.1",
     .note = "Postfix and Sendmail both replace text given at connect, so the sender never sees "
             "why. Prefer dnsbl-listed at MAIL or RCPT.",
     .claim = Claim::block_list,
     .text = "No service for [{client_address}], which is blocked using {list|a block list}.",
     .advice = "Ask the operator of the list for removal once the cause is gone.",
     .sender_help =
         "The receiving server refused the session at once because the address of your server is "
         "on a block list. Look the address up on the usual lists and ask for removal there.",
     .operator_help =
         "Look your address up on the public lists, because a refused greeting seldom says which "
         "one it was. Stop what caused the entry before you ask for removal; from an address of a "
         "home or dynamic range, send through your provider's server instead.",
     .admin_help = "At connect the MTA replaces your text with its own, so senders cannot tell "
                   "why. Move the rule to RCPT unless you must save connections.",
     .causes = {"a listed address", "a dynamic address that should not send directly"}},
    {.id = "dnsbl-unavailable",
     .group = "client",
     .what = "a block list does not give a usable answer",
     .kind = ReasonClass::none,
     .reply = "",
     .tolerated = {"451 4.4.3"},
     .stages = {},
     .reference = "RFC 5782 5; RFC 6471 3.3",
     .note = "Never a listing: no answer, answers outside 127/8, and error values such as "
             "127.255.255.x, which mean that you may not query the list.",
     .text = "The block list {list|in use} gives no usable answer right now.",
     .advice = "No action is needed on the sending side.",
     .sender_help = "A block list that the receiving site uses is out of order. That must not lead "
                    "to a refusal; if mail waits, it will be tried again.",
     .operator_help = "Nothing is to be done on your side, and your queue brings the message "
                      "through. If a site refuses mail for this, tell its postmaster that a list's "
                      "error value is no listing (RFC 5782, RFC 6471).",
     .admin_help = "Query the list's test entry 127.0.0.2 by hand. Lists often refuse queries from "
                   "public resolvers; use a resolver of your own, and drop lists that have closed.",
     .causes = {"queries through a public resolver", "a query limit was exceeded",
                "the list has closed down"}},
    {.id = "client-blocked",
     .group = "client",
     .what = "the client is on a local list",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 7.9",
     .note = "",
     .text = "Client host [{client_address}] is blocked using our own block list.",
     .advice = "If this is a mistake, write to our postmaster from another mail server.",
     .sender_help =
         "The receiving administrator has decided not to accept mail from this address or network, "
         "and nobody else can change that. Public block lists have nothing to do with it; write to "
         "the postmaster named in the reply from another server.",
     .operator_help = "Only that site's postmaster can remove the entry, which is in a table of "
                      "its own. Before you write, find out from your logs what it got from your "
                      "network, and say what you have done about it.",
     .admin_help = "The table named in the record holds the address or its network; the record "
                   "gives entry and line. Remove it when its cause is gone.",
     .causes = {"earlier spam or attacks from the network", "an entry that is too broad",
                "an address that has changed hands since"}},
    {.id = "client-country",
     .group = "client",
     .what = "the client's country or network is not accepted",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {helo, mail, rcpt},
     .reference = "RFC 5321 7.9",
     .note = "No code of its own exists, so the text must say it.",
     .text =
         "Host network not allowed, no mail from the country or provider of [{client_address}].",
     .advice =
         "Send through a mail server in another network or ask our postmaster to allow yours.",
     .sender_help =
         "The receiving site accepts no mail from the country or provider of your server. Nothing "
         "is wrong with the message itself; ask the recipient to have your server allowed.",
     .operator_help = "Ask the receiving postmaster to admit your address, or send mail for this "
                      "site through a server elsewhere. If your address is taken for one in "
                      "another country, its owner can have the public records corrected.",
     .admin_help = "Country and network data are guesses and change over time. Allow wanted "
                   "partners with a rule before this one.",
     .causes = {"the site expects no mail from there", "wrong data about the address",
                "a hosting provider known for spam"}},
    {.id = "reputation-defer",
     .group = "client",
     .what = "the client's reputation makes its mail wait",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.0",
     .tolerated = {"451 4.7.0", "421 4.7.0"},
     .at = {{{helo, "421 4.7.0"}, {mail, "451 4.7.0"}}},
     .stages = {helo, mail, rcpt, end_of_message},
     .reference = "RFC 3463 3.8; RFC 5321 4.2.3",
     .note = "",
     .claim = Claim::reputation,
     .text = "Mail from [{client_address}] is deferred due to IP/domain reputation problems.",
     .advice = "Your mail server will try again, but look for spam sent from this host if the "
               "problem lasts.",
     .sender_help =
         "The sending server is new or has sent unwanted mail before, so it is slowed down. It "
         "will try again automatically; its administrator should look for misuse.",
     .operator_help = "Do not force the queue, since trying more often makes matters worse. Send "
                      "slowly and evenly from a new address, see that SPF, DKIM and reverse DNS "
                      "are right, and look in your logs for accounts that send too much.",
     .admin_help = "The record shows the score and what it was made of. New servers of legitimate "
                   "senders earn a reputation by waiting, so let them.",
     .causes = {"a new sending address", "spam sent from this address before",
                "a bad neighbour in the same network"},
     .defer_if_permit = true},
    {.id = "reputation-reject",
     .group = "client",
     .what = "the client's reputation is too poor",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {helo, mail, rcpt, end_of_message},
     .reference = "RFC 5321 7.9",
     .note = "",
     .claim = Claim::reputation,
     .text = "Client [{client_address}] is refused because of IP/domain reputation problems.",
     .advice =
         "Find and stop what sends unwanted mail from this host, then write to our postmaster.",
     .sender_help =
         "So much unwanted mail came from your server that the receiving site accepts none from it "
         "now. Its administrator must find the cause and then ask that site to look again.",
     .operator_help = "Look for stolen accounts, misused forms and forwarded spam, and stop them "
                      "first. Then tell the receiving postmaster what it was; where large "
                      "providers offer feedback loops, join them to hear of complaints sooner.",
     .admin_help = "The record shows the score and the numbers behind it. Prefer reputation-defer "
                   "where the score can recover by itself.",
     .causes = {"an infected or misused server", "many complaints about its mail",
                "a bad neighbour in the same network"}},
    {.id = "greylisted",
     .group = "client",
     .what = "first contact, the mail has to be sent again later",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.0",
     .tolerated = {"451 4.7.0", "450 4.7.1", "451 4.7.1", "450 4.2.0", "421 4.7.0"},
     .stages = {rcpt, end_of_message},
     .reference = "RFC 6647 5; RFC 3463 3.8",
     .note =
         "RFC 3463 has X.7.1 as permanent only, so X.7.0 is the clean code. Say how long to wait.",
     .claim = Claim::earlier_attempts,
     .text = "Greylisted, so mail from [{client_address}] has to be tried again after {wait|a few "
             "minutes}.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help =
         "The receiving site makes unknown senders wait once, since spam programs seldom come "
         "back. Your server delivers the message later by itself; further messages pass at once.",
     .operator_help =
         "Nothing has to be changed if your server tries again from the same address with the same "
         "sender and recipient, as RFC 6647 expects. Where many addresses send, keep a message "
         "with its address, or at least in its network, from one attempt to the next.",
     .admin_help = "Nothing is wrong. A sender that never gets through usually retries from "
                   "changing addresses; treat its network as one or allow it. Submission by your "
                   "own users should not be greylisted.",
     .causes = {"the first message of this sender from this server", "a retry that came too early",
                "a large provider whose retries come from changing addresses"},
     .defer_if_permit = true},
    {.id = "rate-connection",
     .group = "client",
     .what = "too many connections in a short time",
     .kind = ReasonClass::temporary,
     .reply = "421 4.7.0",
     .tolerated = {"450 4.7.0", "421 4.7.1"},
     .stages = {connect, helo, mail, rcpt},
     .reference = "RFC 5321 3.8, 4.3.2",
     .note = "",
     .claim = Claim::counter,
     .text = "Too many connections from [{client_address}] in a short time.",
     .advice = "Send more messages over each connection and open fewer connections.",
     .sender_help =
         "The sending server connects more often than the receiving site allows. Mail servers wait "
         "and try again; its administrator can limit the connection rate to one destination.",
     .operator_help = "Open fewer connections to this destination and send several messages over "
                      "each; in Postfix, see smtp_destination_rate_delay and the connection cache. "
                      "Other machines that share your address are counted with you.",
     .admin_help = "The limit counts connections per period. Allow busy partners and your own "
                   "monitoring with a rule before it.",
     .causes = {"a newsletter sent all at once", "a misused server",
                "many servers behind one address"}},
    {.id = "concurrency",
     .group = "client",
     .what = "too many connections open at the same time",
     .kind = ReasonClass::temporary,
     .reply = "421 4.7.0",
     .tolerated = {"450 4.7.0"},
     .stages = {connect, helo, mail, rcpt},
     .reference = "RFC 5321 3.8",
     .note = "",
     .claim = Claim::counter,
     .text = "Too many connections from [{client_address}] are open at the same time.",
     .advice = "Lower the number of parallel connections to this server.",
     .sender_help =
         "The sending server keeps more sessions open than the receiving site allows. It tries "
         "again automatically; its administrator can set a lower number for one destination.",
     .operator_help = "Lower the number of parallel connections to this destination, in Postfix "
                      "smtp_destination_concurrency_limit. Other machines that share your address "
                      "are counted with you, and sessions that hang count as well.",
     .admin_help = "The limit counts open sessions, not their rate. Sessions that hang count too, "
                   "so look at their age.",
     .causes = {"a newsletter sent in parallel", "sessions that hang",
                "many servers behind one address"}},
    {.id = "rate-message",
     .group = "client",
     .what = "too many messages in a short time",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.0",
     .tolerated = {"451 4.7.0", "421 4.7.0", "450 4.7.1"},
     .at = {{{mail, "451 4.7.0"}}},
     .stages = {mail, rcpt},
     .reference = "RFC 5321 4.2.3",
     .note = "",
     .claim = Claim::counter,
     .text = "Rate limit exceeded by messages from [{client_address}], please try again slower.",
     .advice = "Your mail server will try again, but send more slowly if this happens often.",
     .sender_help =
         "More messages came from one source than the receiving site accepts in a given time. They "
         "wait and will be tried again; large mailings should be spread over time.",
     .operator_help =
         "Spread mailings over hours, and send them from another address than personal mail, so "
         "that they do not delay it. When nobody planned a mailing, compare the counts of your "
         "users; a stolen account or a form is the usual cause.",
     .admin_help = "The record shows the counter, its key and the limit. If it is one of your own "
                   "users, think of a stolen password.",
     .causes = {"a newsletter or a batch job", "a stolen account or an infected machine",
                "a limit that is too tight"}},
    {.id = "rate-recipient",
     .group = "client",
     .what = "too many recipients in a short time",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.0",
     .tolerated = {"451 4.7.0", "452 4.7.0"},
     .stages = {rcpt},
     .reference = "RFC 5321 4.2.3",
     .note = "Not 452 4.5.3, which tells the client to split the message and go on at once.",
     .claim = Claim::counter,
     .text = "Too many recipients from [{client_address}] for now, please try again slower.",
     .advice = "Your mail server will try again, but spread large mailings over a longer time.",
     .sender_help = "Messages from this source went to more recipients than the receiving site "
                    "accepts in a given time. The rest wait and will be tried again.",
     .operator_help = "Have your list manager send in portions, and lower the rate for this "
                      "destination. When no list was at work, look which account writes to so many "
                      "people, and lock it if its owner does not know of it.",
     .admin_help = "The record shows which counter, key and limit were met. A sudden rise from one "
                   "user often means a stolen password.",
     .causes = {"a newsletter", "a stolen account", "a limit that is too tight"}},
    {.id = "too-many-errors",
     .group = "client",
     .what = "too many errors in one session",
     .kind = ReasonClass::temporary,
     .reply = "421 4.7.0",
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 3.8, 7.8",
     .note = "",
     .claim = Claim::counter,
     .text = "Too many errors from your IP address in this session, so we close the connection.",
     .advice = "Read the earlier replies of this session, which say what was wrong.",
     .sender_help =
         "The sending program made one error after another, and the server ended the session. The "
         "cause is in the earlier replies, usually many unknown recipients.",
     .operator_help = "Read the replies of this session in your log from its beginning, for this "
                      "one is only the last. Take dead recipients off your lists, and repair "
                      "whatever goes on sending after a refusal.",
     .admin_help = "Read the session's earlier records. A legitimate list server with many dead "
                   "addresses looks the same as somebody who guesses.",
     .causes = {"an old mailing list with many dead addresses",
                "somebody guessing addresses or passwords", "broken sending software"}},
    {.id = "harvest",
     .group = "client",
     .what = "addresses are being guessed",
     .kind = ReasonClass::temporary,
     .reply = "421 4.7.0",
     .tolerated = {"550 5.7.1"},
     .stages = {rcpt},
     .reference = "RFC 5321 7.8",
     .note = "",
     .claim = Claim::counter,
     .text = "Too many errors from your IP address, most of its recipients do not exist here.",
     .advice = "Remove dead addresses from your lists before sending again.",
     .sender_help = "So many addresses in this session do not exist that it looks like guessing. "
                    "Clean the list of recipients; single messages to correct addresses pass.",
     .operator_help = "Take every recipient that was answered with 5.1.1 off your lists at once. "
                      "If no list of yours was sending, an account or a machine of yours is "
                      "guessing addresses, so find and stop it.",
     .admin_help = "RFC 5321 7.8 allows hanging up after many unknown recipients. Exempt known "
                   "list servers, or tell their operators which addresses are dead.",
     .causes = {"somebody guessing addresses", "an old or purchased list of addresses"}},
    {.id = "mail-flood",
     .group = "client",
     .what = "part of a flood of mail against a mailbox",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.28",
     .tolerated = {"550 5.7.28"},
     .at = {{{mail, "451 4.7.28"}}},
     .stages = {mail, rcpt, end_of_message},
     .reference = "IANA registry",
     .note = "",
     .claim = Claim::counter,
     .text =
         "This message appears to be unsolicited, part of a mail flood from [{client_address}].",
     .advice = "Protect sign-up forms against misuse and confirm addresses before mailing to them.",
     .sender_help = "Somebody seems to misuse your system, for instance a sign-up form, to bury a "
                    "mailbox in mail. Protect the form and send only to confirmed addresses.",
     .operator_help = "Send nothing further to an address until its owner has confirmed it, and "
                      "limit how often a form can be used. If two automatic systems answer each "
                      "other, see that yours heeds Auto-Submitted (RFC 3834).",
     .admin_help = "The record shows what was counted. The user under attack may need help, as "
                   "floods often hide a warning from a bank or shop.",
     .causes = {"a sign-up form misused by bots", "a loop between automatic answers"}},
    {.id = "early-talker",
     .group = "client",
     .what = "the client spoke before the greeting",
     .kind = ReasonClass::permanent,
     .reply = "554",
     .tolerated = {"503 5.5.0", "550 5.5.0"},
     .at = {{{helo, "550"}}},
     .stages = {connect, helo, mail},
     .reference = "RFC 5321 4.3.1",
     .note = "",
     .claim = Claim::dialogue,
     .text = "Protocol violation, client [{client_address}] spoke before the greeting.",
     .advice = "Use mail software that waits for the server's greeting.",
     .sender_help = "The sending program did not wait for the server's greeting, which real mail "
                    "servers do. It is broken or a spam program.",
     .operator_help = "A client has to wait for the greeting (RFC 5321 4.3.1), and mail servers "
                      "do. Look for a script, a scanner or an infected machine at your address, "
                      "and for a proxy that sends lines of its own before the session.",
     .admin_help = "The client must wait for the 220 line (RFC 5321 4.3.1). A proxy that sends its "
                   "PROXY header to a server not configured for it looks the same.",
     .causes = {"a spam program", "a load balancer that sends a PROXY line", "a port scanner"}},
    {.id = "pipelining-abuse",
     .group = "client",
     .what = "commands sent ahead without permission",
     .kind = ReasonClass::permanent,
     .reply = "503 5.5.0",
     .tolerated = {"503 5.5.1"},
     .stages = {mail, rcpt, data},
     .reference = "RFC 2920 3.1; IANA registry",
     .note = "",
     .claim = Claim::dialogue,
     .text = "Commands were sent ahead in a way that PIPELINING does not allow.",
     .advice = "Use mail software that waits for replies where RFC 2920 requires it.",
     .sender_help = "The sending program sent commands before the replies they depend on. Its "
                    "vendor must fix it; ordinary mail servers do not do this.",
     .operator_help =
         "EHLO, STARTTLS and DATA come last in a group of commands, and nothing is sent ahead "
         "unless the server offers PIPELINING (RFC 2920 3.1). If your server keeps to that, a "
         "firewall that inspects SMTP has put its commands together, so switch the inspection off.",
     .admin_help = "EHLO, DATA, STARTTLS and AUTH must be last in a group of commands (RFC 2920 "
                   "3.1). Check that your server offered PIPELINING.",
     .causes = {"a spam program", "a home-grown script",
                "a firewall that holds commands back and sends them together"}},
    {.id = "host-accepts-no-mail",
     .group = "client",
     .what = "this host has no mail service",
     .kind = ReasonClass::permanent,
     .reply = "521 5.3.2",
     .tolerated = {"521"},
     .stages = {connect},
     .reference = "RFC 7504 3",
     .note =
         "For hosts that never accept mail, not for one unwelcome client or address (RFC 7504).",
     .text = "This host has no mail service and never accepts mail.",
     .advice = "Check the domain of the recipient for typing errors.",
     .sender_help =
         "The host you reached accepts no mail from anybody. If the address is right, the domain's "
         "MX or address record leads to the wrong host, which its owner must correct.",
     .operator_help = "See in your log how your server came to this host. A wrong MX record or "
                      "route, or a domain without MX whose address record leads to a web server, "
                      "is the usual answer; trying this host again is useless (RFC 7504).",
     .admin_help = "Publish a null MX for domains that accept no mail, so that senders learn it "
                   "before they connect.",
     .causes = {"a typing error in the domain", "a domain without MX whose web server answers"}},
    // tls-auth
    {.id = "tls-required",
     .group = "tls-auth",
     .what = "TLS must be started first",
     .kind = ReasonClass::permanent,
     .reply = "530 5.7.0",
     .tolerated = {"530 5.7.10", "550 5.7.10"},
     .stages = {mail, rcpt},
     .reference = "RFC 3207 4; RFC 3463 3.8",
     .note = "A server that receives mail from the public must not require it (RFC 3207 4).",
     .text = "Must issue a STARTTLS command first, because this mail is accepted over TLS only.",
     .advice =
         "Switch on TLS (STARTTLS) for outgoing mail in the mail program or on the sending server.",
     .sender_help =
         "The receiving server accepts this only over an encrypted connection. Users switch on TLS "
         "in the account settings; administrators enable TLS for outgoing mail.",
     .operator_help = "Switch on TLS for outgoing mail, in Postfix smtp_tls_security_level = may. "
                      "If it is on, look with openssl s_client -starttls smtp whether a firewall "
                      "on the way removes STARTTLS from the reply to EHLO.",
     .admin_help = "On the port where the world delivers mail you may not demand TLS from "
                   "everybody (RFC 3207 4). Limit the rule to partners or to submission.",
     .causes = {"TLS switched off in the mail program", "an old sending server",
                "a firewall that removes STARTTLS from the dialogue"}},
    {.id = "tls-too-weak",
     .group = "tls-auth",
     .what = "the TLS session is weaker than the policy requires",
     .kind = ReasonClass::permanent,
     .reply = "554 5.7.0",
     .tolerated = {"550 5.7.0"},
     .stages = {mail, rcpt},
     .reference = "RFC 3207 4.1",
     .note = "",
     .text = "The TLS session ({tls_version|unknown version}) is too weak for this server.",
     .advice = "Update the TLS library of the sending system or enable newer TLS versions.",
     .sender_help = "The connection was encrypted, but with a version or cipher the receiving site "
                    "no longer trusts. Update the sending software.",
     .operator_help = "Update the TLS library and allow TLS 1.2 and 1.3 in the mail server, too. "
                      "Settings left over from older versions, in Postfix smtp_tls_protocols and "
                      "smtp_tls_ciphers, are the usual cause.",
     .admin_help = "The record shows version and cipher. Weak encryption is still better than "
                   "none, so require more only where it is agreed.",
     .causes = {"outdated sending software", "a server limited to old TLS versions"}},
    {.id = "tls-unavailable",
     .group = "tls-auth",
     .what = "TLS cannot be started right now",
     .kind = ReasonClass::temporary,
     .reply = "454 4.7.0",
     .stages = {starttls},
     .reference = "RFC 3207 4",
     .note = "",
     .text = "TLS cannot be started right now because of a fault on this server.",
     .advice = "Try again later, and tell our postmaster if the problem lasts.",
     .sender_help = "The receiving server offers encryption but cannot start it at the moment, "
                    "which only its administrator can repair. Sending servers try again by "
                    "themselves; a user waits and sends again.",
     .operator_help =
         "Your server may try again later or, where your policy permits, go on without TLS (RFC "
         "3207 4). The fault is the receiving site's, so tell its postmaster if it lasts.",
     .admin_help =
         "Check the certificate, its key and their file modes; the log of the MTA names the error.",
     .causes = {"an unreadable key or certificate", "a shortage of resources"}},
    {.id = "auth-required",
     .group = "tls-auth",
     .what = "login is needed",
     .kind = ReasonClass::permanent,
     .reply = "530 5.7.0",
     .stages = {mail, rcpt},
     .reference = "RFC 4954 6; RFC 6409 4.3",
     .note = "",
     .text = "Authentication required before this server takes mail from you.",
     .advice = "Switch on authentication for outgoing mail in the mail program.",
     .sender_help =
         "This server sends mail only for users who have logged in. In the account settings, set "
         "user name and password for outgoing mail too, with port 587 or 465.",
     .operator_help = "Your server has reached a submission service or a relay that wants a login. "
                      "If it is your smart host, give your server user name and password, in "
                      "Postfix with smtp_sasl_password_maps; if the mail was for the domain "
                      "itself, correct the route to its MX host.",
     .admin_help = "Normal on a submission port. If mail from other servers gets this reply, your "
                   "MX record leads to the submission service.",
     .causes = {"the mail program does not log in for sending",
                "a device such as a scanner without login data"}},
    {.id = "auth-failed",
     .group = "tls-auth",
     .what = "user name or password is wrong",
     .kind = ReasonClass::permanent,
     .reply = "535 5.7.8",
     .stages = {auth},
     .reference = "RFC 4954 6",
     .note = "",
     .text = "Authentication failed because the user name or password is wrong.",
     .advice = "Enter both again, and mind that the user name is often the full address.",
     .sender_help = "The server did not accept the login. Type the password again; with two-factor "
                    "login many providers require a separate application password.",
     .operator_help = "Correct the login data that your server has for this relay, in Postfix in "
                      "smtp_sasl_password_maps, and index the table anew. If they are right, ask "
                      "the provider whether a server now needs an application password or a token.",
     .admin_help = "Look at the authentication service's log; never tell the client which of the "
                   "two is wrong. Many failures from one address mean guessing.",
     .causes = {"a mistyped or changed password", "a user name without its domain",
                "somebody guessing passwords"}},
    {.id = "auth-weak",
     .group = "tls-auth",
     .what = "the login method is too weak",
     .kind = ReasonClass::permanent,
     .reply = "534 5.7.9",
     .stages = {auth},
     .reference = "RFC 4954 6",
     .note = "",
     .text = "This login method is too weak for this server.",
     .advice = "Choose a stronger login method or switch on TLS in the mail program.",
     .sender_help = "Your mail program uses a login method that the provider no longer allows. "
                    "Choose another one in the account settings, or use an application password.",
     .operator_help =
         "Let your server use TLS before it logs in, and a stronger mechanism that the reply to "
         "EHLO offers. In Postfix see smtp_sasl_security_options and smtp_sasl_mechanism_filter.",
     .admin_help = "Offer only the mechanisms you accept, so that clients do not try others. PLAIN "
                   "and LOGIN are fine over TLS.",
     .causes = {"an old mail program", "login without TLS"}},
    {.id = "auth-temp",
     .group = "tls-auth",
     .what = "passwords cannot be checked right now",
     .kind = ReasonClass::temporary,
     .reply = "454 4.7.0",
     .stages = {auth},
     .reference = "RFC 4954 6",
     .note = "",
     .text = "Login is not possible right now because the password check does not answer.",
     .advice = "Try again in a few minutes without changing the password.",
     .sender_help = "The provider cannot check any password at the moment. Your password may be "
                    "right; wait and send again.",
     .operator_help = "Leave login data and queue as they are, since the fault is the provider's "
                      "and passes. If it lasts for hours, ask the provider.",
     .admin_help = "Look at the authentication service (Dovecot, SASL, LDAP) and at how long it "
                   "has not answered.",
     .causes = {"the authentication service is down", "the user directory does not answer"}},
    {.id = "auth-disabled-account",
     .group = "tls-auth",
     .what = "the account is switched off",
     .kind = ReasonClass::permanent,
     .reply = "525 5.7.13",
     .tolerated = {"535 5.7.8"},
     .stages = {auth},
     .reference = "RFC 5248 2.4",
     .note = "525 is defined in RFC 5248 only; many clients know just 535.",
     .text = "This account is disabled and cannot log in.",
     .advice = "Ask the provider why the account is disabled.",
     .sender_help = "The provider has switched the account off. A new password alone does not "
                    "help; ask what happened.",
     .operator_help =
         "Stop your server's attempts to log in, and clear the matter with the provider first. If "
         "misuse was the cause, find out who or what had the password before it is changed.",
     .admin_help = "The account is disabled in your directory. Say so only after the right "
                   "password, or guessers learn which accounts exist; if it was misused, change "
                   "the password before you enable it again.",
     .causes = {"an unpaid or cancelled account", "a lock after misuse", "a person who has left"}},
    {.id = "auth-transition",
     .group = "tls-auth",
     .what = "the password must be set again",
     .kind = ReasonClass::temporary,
     .reply = "432 4.7.12",
     .stages = {auth},
     .reference = "RFC 4954 6",
     .note = "",
     .text = "The password must be renewed before this login method works.",
     .advice = "Log in once on the provider's web page or set a new password.",
     .sender_help = "The provider changed how passwords are stored, and yours has not been "
                    "converted yet. Log in by another method once or set the password again.",
     .operator_help =
         "Log in once with PLAIN over TLS, which lets the provider convert the stored password, or "
         "have the password set anew (RFC 4954 6). Then the mechanism you configured works.",
     .admin_help = "The mechanism needs a form of the password that you do not have. A login with "
                   "PLAIN over TLS lets the server convert it.",
     .causes = {"a change of the password store", "the first use of a new mechanism"}},
    {.id = "auth-line-too-long",
     .group = "tls-auth",
     .what = "a line of the login is too long",
     .kind = ReasonClass::permanent,
     .reply = "500 5.5.6",
     .stages = {auth},
     .reference = "RFC 4954 4",
     .note = "",
     .text = "A line of the login dialogue is longer than this server accepts.",
     .advice = "Choose another login method in the mail program.",
     .sender_help =
         "The login data that your mail program sent were longer than the server accepts, usually "
         "a large ticket or token. Use another method or ask the provider.",
     .operator_help = "Choose a mechanism with shorter messages, or have the Kerberos ticket made "
                      "smaller. RFC 4954 4 takes 12288 octets to be enough for a line, so a "
                      "provider whose limit is lower can raise it.",
     .admin_help = "Large Kerberos tickets and tokens need far more room than the 512 octets of a "
                   "command line (RFC 4954 4).",
     .causes = {"a large Kerberos ticket or token", "broken software"}},
    {.id = "requiretls-unsupported",
     .group = "tls-auth",
     .what = "encryption all the way to the recipient cannot be promised",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.30",
     .stages = {mail, rcpt},
     .reference = "RFC 8689 4.2.1; IANA registry",
     .note = "",
     .text = "REQUIRETLS cannot be honoured on the way to this recipient.",
     .advice = "Send without REQUIRETLS if the content allows it.",
     .sender_help =
         "You required every server on the way to use verified encryption, and the next one does "
         "not offer it. Send without that requirement, or reach the recipient by other means.",
     .operator_help =
         "Return the message, since your server must not send it without what the author asked for "
         "(RFC 8689). If the author agrees to that, it can be sent anew without REQUIRETLS.",
     .admin_help = "The next host does not offer REQUIRETLS, or its certificate cannot be verified "
                   "(RFC 8689 4.2.1). Forwarded addresses are a common cause.",
     .causes = {"a recipient's server without REQUIRETLS", "a certificate that cannot be verified",
                "a forwarded address"}},
    // email-auth
    {.id = "spf-fail",
     .group = "email-auth",
     .what = "SPF says the host may not send for the domain",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.23",
     .tolerated = {"550 5.7.1"},
     .stages = {mail, rcpt},
     .reference = "RFC 7372 3.2",
     .note = "The domain's own explanation goes on a line of its own, introduced as theirs, after "
             "a line of ours (RFC 7208 8.4).",
     .claim = Claim::spf,
     .text = "SPF check failed because {spf_domain|the sender's domain} does not let "
             "[{client_address}] send.",
     .advice = "Send through a server of that domain or have the host added to its SPF record.",
     .sender_help =
         "The owner of the sender's domain has published which hosts may send for it, and this one "
         "is not among them. Use your provider's own server for outgoing mail; if the message was "
         "forwarded, the forwarder should rewrite the envelope sender (SRS).",
     .operator_help = "If your server is meant to send for the domain, have its address added to "
                      "the domain's SPF record. If it forwards, rewrite the envelope sender (SRS); "
                      "if it sends for customers, use an envelope sender in a domain of your own.",
     .admin_help =
         "Evaluate the record by hand with the address and sender of this decision. Allow "
         "forwarders that your users have set up; a fail at a forwarder is not forgery.",
     .causes = {"mail sent through a server the SPF record does not name",
                "plain forwarding without SRS", "a forged sender"}},
    {.id = "spf-softfail",
     .group = "email-auth",
     .what = "SPF says the host is probably not allowed",
     .kind = ReasonClass::none,
     .reply = "",
     .tolerated = {"450 4.7.0"},
     .stages = {mail, rcpt},
     .reference = "RFC 7208 8.5",
     .note = "Not to be refused on its own (RFC 7208 8.5 SHOULD NOT); greylisting because of it is "
             "named there as fair.",
     .text = "SPF gives softfail for [{client_address}], a hint but no proof of forgery.",
     .advice = "Complete the SPF record of the domain with all hosts that send for it.",
     .sender_help =
         "The sender's domain says that this host is probably not one of its own. That alone must "
         "not stop a message; the domain's administrator should complete the record.",
     .operator_help = "Find every host and service that sends for your domain, put them into its "
                      "SPF record, and then end the record with -all. Until then the result is a "
                      "hint, and RFC 7208 8.5 advises against refusing for it alone.",
     .admin_help = "Use it in a score or greylist on it, but do not refuse for it alone.",
     .causes = {"an SPF record that is still being built", "a host missing from the record",
                "forwarding"}},
    {.id = "spf-neutral",
     .group = "email-auth",
     .what = "SPF says nothing about the host",
     .kind = ReasonClass::none,
     .reply = "",
     .stages = {},
     .reference = "RFC 7208 8.2",
     .note = "Neutral must be treated as no record at all (RFC 7208 8.2).",
     .text = "SPF makes no statement about [{client_address}] for this sender.",
     .advice = "Publish an SPF record that ends in -all or ~all, if you want a statement.",
     .sender_help = "The sender's domain has no SPF record, or one that leaves this host open. No "
                    "message may be treated worse for a neutral result than for none.",
     .operator_help = "Nothing has to be done. Once all senders of your domain are known, a record "
                      "that ends in -all or ~all protects it better than one with ?all.",
     .admin_help =
         "Treat neutral exactly as none; anything else punishes those who publish a record.",
     .causes = {"no SPF record", "a record that ends in ?all or without all"}},
    {.id = "spf-temperror",
     .group = "email-auth",
     .what = "the SPF record could not be fetched",
     .kind = ReasonClass::temporary,
     .reply = "451 4.7.24",
     .tolerated = {"451 4.4.3"},
     .stages = {mail, rcpt},
     .reference = "RFC 7372 3.2",
     .note = "Accepting is equally allowed (RFC 7208 8.6).",
     .claim = Claim::spf,
     .text = "The SPF record of {spf_domain|the sender's domain} cannot be fetched right now.",
     .advice = "Your mail server will try again, but check the name servers of the domain if the "
               "problem lasts.",
     .sender_help = "The DNS of the sender's domain, or of one its record refers to, did not "
                    "answer. The message will be tried again automatically.",
     .operator_help = "Query the TXT record of the domain, and of every name that it includes, at "
                      "each of their name servers. The fewer includes a record has, the fewer "
                      "servers have to answer; your queue keeps the message meanwhile.",
     .admin_help = "Query your resolver for the TXT record and those it includes. If many domains "
                   "fail, look at the resolver first.",
     .causes = {"name servers of the domain are down", "a slow include of another provider",
                "trouble with the receiver's resolver"}},
    {.id = "spf-permerror",
     .group = "email-auth",
     .what = "the SPF record is invalid",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.24",
     .tolerated = {"550 5.5.2"},
     .stages = {mail, rcpt},
     .reference = "RFC 7372 3.2",
     .note = "",
     .claim = Claim::spf,
     .text =
         "The SPF record of {spf_domain|the sender's domain} is invalid and cannot be evaluated.",
     .advice = "Publish exactly one SPF record, without syntax errors and with at most 10 lookups.",
     .sender_help = "The SPF record of the sender's domain cannot be evaluated. Its administrator "
                    "must correct it; SPF checkers on the web show the fault.",
     .operator_help =
         "Correct the record by RFC 7208. There is to be one at a name, without unknown "
         "mechanisms, with at most 10 terms that need DNS and 2 lookups that find nothing (4.6.4); "
         "includes of services no longer used are the first to go.",
     .admin_help = "The record of this decision names the fault. Many legitimate domains have "
                   "broken SPF records, so accepting them, as without SPF, is the gentler choice.",
     .causes = {"more than 10 DNS lookups", "two SPF records at one name",
                "a typing error in the record"}},
    {.id = "dkim-none",
     .group = "email-auth",
     .what = "no DKIM signature verifies",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.20",
     .tolerated = {"550 5.7.1"},
     .stages = {end_of_message},
     .reference = "RFC 7372 3.1",
     .note = "Against the advice of RFC 6376 6.1 and 6.3, so by agreement only, and never 4yz for "
             "a broken signature.",
     .claim = Claim::signature,
     .text = "The message from {from_domain|this author} has no DKIM signature that verifies.",
     .advice = "Sign outgoing mail with DKIM and let nothing change it afterwards.",
     .sender_help = "The receiving site accepts mail of this kind only with a valid DKIM "
                    "signature. The sending administrator must sign, publish the key, and find out "
                    "what changes the message on its way.",
     .operator_help =
         "Sign outgoing mail with a key published under _domainkey of your domain, and look at the "
         "result in a mailbox elsewhere. If the signature is there but does not verify, something "
         "changes the message after it was made, so sign as the last step.",
     .admin_help = "RFC 6376 advises against refusing for this. Limit it to senders with whom "
                   "signing is agreed; mailing lists break signatures every day.",
     .causes = {"the sending server does not sign", "a list or gateway changed the message",
                "the key is missing in DNS"}},
    {.id = "dkim-unacceptable",
     .group = "email-auth",
     .what = "DKIM signatures verify, but none is good enough",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.21",
     .stages = {end_of_message},
     .reference = "RFC 7372 3.1",
     .note = "For instance l= leaves part of the body unsigned, or the key is too short.",
     .claim = Claim::signature,
     .text = "The DKIM signature of {dkim_domain|the signer} verifies but is not acceptable here.",
     .advice = "Sign the From field and the whole body with a key of 2048 bits.",
     .sender_help = "The signature is valid but protects too little. The sending administrator "
                    "should sign the whole body, without l=, and use a longer key.",
     .operator_help = "Sign the whole body, without l=, and at least From, To, Subject, Date and "
                      "the MIME fields, with an RSA key of 2048 bits. Take the old key out of DNS "
                      "once no mail signed with it is under way.",
     .admin_help = "The record shows what was found lacking. RSA keys under 1024 bits and SHA-1 "
                   "count as no signature at all (RFC 8301).",
     .causes = {"a key that is too short", "the l= tag leaves the body open",
                "important fields are not signed"}},
    {.id = "dkim-author-mismatch",
     .group = "email-auth",
     .what = "no DKIM signature of the author's domain verifies",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.22",
     .stages = {end_of_message},
     .reference = "RFC 7372 3.1",
     .note = "",
     .claim = Claim::signature,
     .text = "No DKIM signature of the author domain {from_domain|in the From field} verifies.",
     .advice = "Sign with the domain of the From address, not only with the provider's.",
     .sender_help =
         "The message is signed, but by somebody other than the domain in the From field. The "
         "sending administrator sets up a key for that domain, which mailing services support.",
     .operator_help = "Publish a key for the domain of the From field and have the service that "
                      "sends for you sign with it, so that d= names that domain. Services usually "
                      "ask for CNAME records in your zone for this.",
     .admin_help = "Sensible only for senders with whom it is agreed. DMARC says what the domain "
                   "itself wants; prefer that.",
     .causes = {"a mailing service that signs with its own domain only",
                "a broken signature of the author's domain", "a forged From field"}},
    {.id = "dkim-temperror",
     .group = "email-auth",
     .what = "the DKIM key could not be fetched",
     .kind = ReasonClass::temporary,
     .reply = "451 4.7.5",
     .tolerated = {"451 4.4.3"},
     .stages = {end_of_message},
     .reference = "RFC 6376 6.3",
     .note = "",
     .claim = Claim::signature,
     .text = "The DKIM key of {dkim_domain|the signing domain} cannot be fetched right now.",
     .advice = "Your mail server will try again, but check the signing domain's name servers if "
               "the problem lasts.",
     .sender_help = "The signature cannot be checked because DNS did not deliver the key. The "
                    "message will be tried again automatically.",
     .operator_help = "Query the key's TXT record, SELECTOR._domainkey under the signing domain, "
                      "at each name server, and over TCP too, which long answers need. Your queue "
                      "keeps the message meanwhile; do not sign it again.",
     .admin_help = "Query your resolver for the key named in the record of this decision. Waiting "
                   "is right only for failed lookups, never for a broken signature (RFC 6376 6.3).",
     .causes = {"name servers of the signing domain are down",
                "trouble with the receiver's resolver"}},
    {.id = "dmarc-reject",
     .group = "email-auth",
     .what = "DMARC failed and the domain asks for rejection",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"550 5.7.26"},
     .stages = {end_of_message},
     .reference = "RFC 9989 7.2; RFC 7372 3.4, 4",
     .note = "550 5.7.26 when SPF and DKIM both ran and both failed (RFC 7372 4). Never only "
             "because the domain says p=reject (RFC 9989 5.4).",
     .claim = Claim::signature,
     .text = "DMARC check failed, rejected by the DMARC policy of {from_domain|the From domain}.",
     .advice =
         "Send through a server that the domain's SPF allows or that signs with its DKIM key.",
     .sender_help =
         "The domain in your From field wants mail refused that cannot be proved to come from it, "
         "and this message could not. Its administrator must let your sending service use the "
         "domain's SPF or DKIM; a mailing list should put its own address in From.",
     .operator_help = "Look in the domain's DMARC reports which of its sources fail, and let each "
                      "of them sign with a key of the From domain or use an envelope sender in it. "
                      "If you run a mailing list that changes messages, put an address of your own "
                      "into From for domains with such a policy.",
     .admin_help = "A policy of reject alone should not decide (RFC 9989 5.4): mailing lists and "
                   "forwarders break SPF and DKIM. Allow those you trust, and look at the "
                   "authentication results in the record.",
     .causes = {"a service that sends for the domain without DKIM for it",
                "a mailing list or forwarder changed the message", "a forged From field"}},
    {.id = "dmarc-quarantine",
     .group = "email-auth",
     .what = "DMARC failed and the domain asks for quarantine",
     .kind = ReasonClass::none,
     .reply = "",
     .stages = {},
     .reference = "RFC 9989 4.7",
     .note = "Accept the message and mark or hold it; not a refusal in SMTP.",
     .text = "DMARC check failed and {from_domain|the From domain} asks for quarantine.",
     .advice = "Send through a server that the domain's SPF allows or that signs for it.",
     .sender_help = "The domain wants such mail set aside, not refused. Look for the message in "
                    "the recipient's junk folder.",
     .operator_help =
         "Let every service that sends for the domain sign with its DKIM key or use an envelope "
         "sender in it. The aggregate reports name those that do neither (RFC 9990).",
     .admin_help = "Deliver to the junk folder or hold it; the domain did not ask for refusal (RFC "
                   "9989 4.7).",
     .causes = {"a service that sends for the domain without DKIM for it", "forwarding",
                "a forged From field"}},
    {.id = "dmarc-temperror",
     .group = "email-auth",
     .what = "the DMARC record could not be fetched",
     .kind = ReasonClass::temporary,
     .reply = "451 4.4.3",
     .tolerated = {"451 4.7.0", "451 4.7.26"},
     .stages = {end_of_message},
     .reference = "RFC 9989 4.10.1, 7.2",
     .note = "",
     .claim = Claim::signature,
     .text = "The DMARC record of {from_domain|the From domain} cannot be fetched right now.",
     .advice = "Your mail server will try again, but check the name servers of the From domain if "
               "the problem lasts.",
     .sender_help = "DNS trouble kept the receiving site from checking the sender's domain. The "
                    "message will be tried again automatically.",
     .operator_help = "Query the TXT record at _dmarc under the From domain, and under the domains "
                      "above it, at each name server. One that does not answer for names without "
                      "records causes this as well; the right answer is that there are none.",
     .admin_help = "Query your resolver for the TXT record at _dmarc under the domain. Accepting, "
                   "as without DMARC, is equally allowed.",
     .causes = {"name servers of the domain are down", "trouble with the receiver's resolver"}},
    {.id = "dmarc-multiple-from",
     .group = "email-auth",
     .what = "the From field does not name one author domain",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.6.0", "550 5.6.0"},
     .stages = {end_of_message},
     .reference = "RFC 9989 5.3.1, 11.5",
     .note = "",
     .claim = Claim::content,
     .text = "Header error, From does not name exactly one author domain, as DMARC needs it.",
     .advice = "Send with one From field that has one address.",
     .sender_help =
         "The message has no From address, or addresses of several domains, so nobody can tell "
         "which domain answers for it. Correct the From field in the sending program.",
     .operator_help = "Find the program that wrote the From field, which may stand in a header "
                      "only once (RFC 5322 3.6). A gateway or list manager of yours that puts its "
                      "own address there has to replace the field, not add another.",
     .admin_help = "Several authors in different domains are legal but rare (RFC 5322); two From "
                   "fields are not legal. Look at the fields in the record.",
     .causes = {"broken sending software", "a From field that was added twice",
                "an attempt to show a sender other than the one checked"}},
    {.id = "auth-multiple-failed",
     .group = "email-auth",
     .what = "several checks of the sender failed",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.26",
     .stages = {end_of_message},
     .reference = "RFC 7372 3.4, 4",
     .note = "",
     .claim = Claim::signature,
     .text = "Mail from {from_domain|this sender} failed several authentication checks, "
             "{detail|such as SPF and DKIM}.",
     .advice = "Fix SPF and DKIM of the From domain.",
     .sender_help =
         "More than one way of proving where the message comes from has failed. The sending "
         "administrator should begin with SPF and DKIM for the domain in the From field.",
     .operator_help =
         "Set up SPF and DKIM of the From domain for the host that really sends, and see in the "
         "Authentication-Results field of a mailbox elsewhere that both pass. If you forward, "
         "leave header and body unchanged, so that the signature survives.",
     .admin_help = "The record has the result of each check. RFC 7372 4 asks for this code when "
                   "more than one check failed, rather than that of the first.",
     .causes = {"a service that sends for the domain without being allowed to", "a forged sender",
                "forwarding that also changed the message"}},
    {.id = "arc-fail",
     .group = "email-auth",
     .what = "the chain of ARC seals is broken",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.29",
     .tolerated = {"550 5.7.26"},
     .stages = {end_of_message},
     .reference = "RFC 8617 5.2.2",
     .note = "Never on its own, since a broken chain counts as no chain (RFC 8617 5.2).",
     .claim = Claim::signature,
     .text = "The ARC chain of this forwarded message is broken, and other checks failed too.",
     .advice = "Have the last forwarder fixed or send to the final address directly.",
     .sender_help =
         "The message was forwarded, and the forwarder's seals do not verify. Send to the "
         "recipient's final address, and tell the operator of the forwarding server.",
     .operator_help =
         "If your server forwards, verify the chain that comes in before you add to it, and seal "
         "as the last step. A chain that arrived broken stays broken and is marked so (RFC 8617 "
         "5.1.2); if a forwarder before you broke it, tell its operator.",
     .admin_help = "A broken chain must count as none, so another check must have failed as well. "
                   "Trust ARC only from sealers you know.",
     .causes = {"a forwarder that seals wrongly", "a gateway that changes mail after sealing"}},
    // content
    {.id = "spam",
     .group = "content",
     .what = "the content was judged to be spam",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {end_of_message},
     .reference = "RFC 5321 4.3.2, 7.9",
     .note = "",
     .claim = Claim::scan,
     .text = "This message has been identified as spam by its content.",
     .advice = "If it is not, write to our postmaster and give the reference.",
     .sender_help = "A filter took the message for spam. If it is legitimate, contact the "
                    "receiving postmaster, who can look the decision up by its reference, or reach "
                    "the recipient by other means.",
     .operator_help =
         "Look in your log who submitted it, how many more there are, and whether the account was "
         "stolen. If the message is wanted, see that SPF, DKIM and reverse DNS are right, and give "
         "the receiving postmaster the reference; the same message sent again is refused again.",
     .admin_help =
         "The record names the scanner's findings. Allow wanted senders, and report misjudged "
         "messages to the scanner's vendor; never tell senders which words counted.",
     .causes = {"advertising", "a link to a domain of ill repute", "a stolen account",
                "a legitimate message misjudged"}},
    {.id = "spam-defer",
     .group = "content",
     .what = "the content is suspicious and will be checked again later",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.0",
     .tolerated = {"451 4.7.0", "450 4.7.1"},
     .stages = {end_of_message},
     .reference = "RFC 5321 4.3.2",
     .note = "",
     .claim = Claim::scan,
     .text = "The content of this message looked like spam and will be checked again later.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "The filter is not sure about the message and will look at it again at the "
                    "next attempt. Your server keeps it and tries again.",
     .operator_help =
         "Leave the message in the queue, for later attempts decide about it. Many such delays at "
         "once mean that one of your accounts or forms may be sending spam.",
     .admin_help = "By the next attempt block lists and signatures know more. Do not let one "
                   "message wait for days; set a limit.",
     .causes = {"a new kind of spam", "a link to a newly registered domain",
                "a legitimate message that looks like a known campaign"}},
    {.id = "virus",
     .group = "content",
     .what = "malware was found",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {end_of_message},
     .reference = "RFC 5321 4.3.2, 6.2",
     .note = "Refuse in the session; never accept and bounce (RFC 5321 6.2).",
     .claim = Claim::scan,
     .text = "Virus detected in this message, which contains {detail|malware}.",
     .advice = "Scan the machine that sent this, and do not send the file again.",
     .sender_help = "A scanner found harmful content. If you sent it, scan your machine; if you "
                    "did not, your address or account may be misused, so change the password.",
     .operator_help =
         "Cut off the account or machine that sent it, and look through your queue for more of the "
         "same. Scan outgoing mail as you scan incoming, so that yours is the server that refuses.",
     .admin_help = "The record has the scanner's name for it. If it is wrong, report the file to "
                   "the scanner's vendor rather than switching the scan off.",
     .causes = {"an infected machine", "a stolen account", "a harmless file misjudged"}},
    {.id = "attachment-forbidden",
     .group = "content",
     .what = "the type of an attachment is not accepted",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1", "554 5.6.1"},
     .stages = {end_of_message},
     .reference = "RFC 5321 4.3.2; RFC 3463 3.7-3.8",
     .note = "X.6.1 is for content the system cannot carry at all.",
     .claim = Claim::scan,
     .text = "The attachment {detail|of this message} is of a type that is not accepted here.",
     .advice = "Share the file as a link or agree on another way with the recipient.",
     .sender_help = "The receiving site does not accept files of this type, usually programs or "
                    "office files with macros. Share them through a file service.",
     .operator_help =
         "Your server has carried the message as it should, so only the author can change it. If "
         "the files are sent to this site regularly, agree with its postmaster on another way.",
     .admin_help = "The record names the file and how its type was found. Looking inside archives "
                   "and at the content tells more than file names.",
     .causes = {"a program or script attached", "a document with macros",
                "an archive that holds such a file"}},
    {.id = "unscannable",
     .group = "content",
     .what = "the content cannot be inspected",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {end_of_message},
     .reference = "RFC 5321 4.3.2",
     .note = "",
     .claim = Claim::scan,
     .text = "The message cannot be scanned because part of it is encrypted or nested too deeply.",
     .advice = "Send the file without a password, or share it as a link.",
     .sender_help = "The receiving site accepts only what its scanner can read. Send the content "
                    "unencrypted, or agree on another way with the recipient.",
     .operator_help =
         "Nothing on your server has to be repaired. If encrypted files are sent to this site "
         "regularly, ask its postmaster to admit them from you or agree on a file service.",
     .admin_help = "Decide whether encrypted archives are really more dangerous than useful to "
                   "your users. Allow partners who send them regularly.",
     .causes = {"an archive with a password", "an archive inside many archives", "a damaged file"}},
    {.id = "malformed-message",
     .group = "content",
     .what = "the message breaks the rules of its format",
     .kind = ReasonClass::permanent,
     .reply = "554 5.6.0",
     .tolerated = {"550 5.6.0"},
     .stages = {end_of_message},
     .reference = "RFC 6409 6.3; RFC 3463 3.7",
     .note = "For submission. RFC 5321 3.3 says that a server that receives from the world should "
             "not refuse for such defects.",
     .claim = Claim::content,
     .text = "The message is malformed ({detail|its header or MIME structure is broken}).",
     .advice = "Send it again from another mail program or fix the software that wrote it.",
     .sender_help = "The message does not follow the format that mail must have (RFC 5322, MIME). "
                    "Self-written sending software is the usual cause.",
     .operator_help =
         "Find the program that wrote the message and look at its output for missing or doubled "
         "fields and broken MIME boundaries. A submission service may add a missing Date or "
         "Message-ID (RFC 6409 8), but the rest has to be right at the source.",
     .admin_help = "Require it of your own users only. Much legitimate mail has small defects, and "
                   "RFC 5321 3.3 advises against refusing for them.",
     .causes = {"a home-grown script", "broken sending software", "spam software"}},
    {.id = "bare-newline",
     .group = "content",
     .what = "a bare CR or LF in the message",
     .kind = ReasonClass::permanent,
     .reply = "550 5.5.2",
     .tolerated = {"554 5.5.2", "554 5.6.0"},
     .stages = {end_of_message},
     .reference = "RFC 5321 2.3.8, 4.1.1.4; IANA registry",
     .note = "",
     .claim = Claim::content,
     .text = "The message contains a bare CR or LF, where only CR LF may end a line.",
     .advice = "Fix the sending software so that each line ends in CR LF.",
     .sender_help = "Lines of the message end in the wrong way, which can be used to smuggle in a "
                    "second message. The sending software must be updated.",
     .operator_help =
         "Update the software that wrote the message, or have the script end each line with CR LF "
         "and send neither alone (RFC 5321 2.3.8). In Postfix, smtpd_forbid_bare_newline and "
         "cleanup_replace_stray_cr_lf keep such mail from passing through your server.",
     .admin_help = "Refusing closes the smuggling hole. Old devices and scripts do it without bad "
                   "intent; allow them by address if you must.",
     .causes = {"an old device or script", "outdated server software",
                "an attempt to smuggle mail past checks"}},
    {.id = "line-too-long",
     .group = "content",
     .what = "a text line of more than 1000 octets",
     .kind = ReasonClass::permanent,
     .reply = "554 5.6.0",
     .tolerated = {"550 5.6.0"},
     .stages = {end_of_message},
     .reference = "RFC 5321 4.5.3.1.6",
     .note = "",
     .claim = Claim::content,
     .text = "The message has a line of more than 1000 octets.",
     .advice = "Send it with quoted-printable or base64 encoding, which breaks long lines.",
     .sender_help = "A line of the message is longer than mail allows. Mail programs break lines "
                    "by themselves, so this is usually software that writes mail on its own.",
     .operator_help = "The program that wrote the message must break lines at 998 characters or "
                      "encode them as quoted-printable (RFC 5321 4.5.3.1.6). Splitting them on the "
                      "way out, as Postfix does by smtp_line_length_limit, breaks DKIM signatures.",
     .admin_help = "RFC 5321 4.5.3.1.6 sets the limit at 1000 octets with CR LF; many servers take "
                   "more. HTML mail from scripts is the usual case.",
     .causes = {"HTML on one line written by a script", "broken sending software"}},
    {.id = "too-many-hops",
     .group = "content",
     .what = "the message has passed too many servers",
     .kind = ReasonClass::permanent,
     .reply = "554 5.4.6",
     .tolerated = {"554 5.4.0", "550 5.4.6"},
     .stages = {end_of_message},
     .reference = "RFC 5321 6.3; RFC 3463 3.5",
     .note = "RFC 3463 ties X.4.6 to the temporary class; 5.4.6 is what servers send, 5.4.0 is the "
             "letter of the text. The limit must be at least 100 (RFC 5321 6.3).",
     .claim = Claim::content,
     .text = "Too many hops, so the message seems to be in a mail loop.",
     .advice = "Look in the Received fields for the servers that send it back and forth.",
     .sender_help = "The message has passed so many servers that they seem to send it in a circle, "
                    "usually through two forwarding rules that point at each other. The "
                    "administrator of the domain must break the circle.",
     .operator_help =
         "Read the Received fields from the bottom, for the hosts that repeat are the loop, and "
         "yours may be one of them. Look there for an alias or forwarding rule that leads back, "
         "and for a domain that no host in the loop takes for its own.",
     .admin_help = "The host names that repeat in the Received fields are the loop. Count at least "
                   "100 hops before you call it one.",
     .causes = {"two forwarding rules that point at each other",
                "a domain missing from the list of local domains", "an MX record that leads back"},
     .breaks_class_rule = true},
    {.id = "message-too-big",
     .group = "content",
     .what = "the message is larger than the server accepts",
     .kind = ReasonClass::permanent,
     .reply = "552 5.3.4",
     .tolerated = {"554 5.3.4"},
     .stages = {mail, end_of_message},
     .reference = "RFC 1870 6.1(2), 6.3; RFC 3463 3.4",
     .note = "At MAIL when SIZE tells it. At the end only if it is really larger than was declared "
             "(RFC 1870 6.3).",
     .text = "Message too big because its size exceeds the limit of {limit|this server}.",
     .advice = "Make the message smaller or share the attachment as a link.",
     .sender_help =
         "The server does not accept messages of this size from anybody. Attachments grow by a "
         "third when they are encoded, so a limit of 20 MB means files up to about 15 MB.",
     .operator_help = "Compare your limit with what this server announces with SIZE in its reply "
                      "to EHLO (RFC 1870). A submission service whose own limit is no higher than "
                      "that of usual destinations tells the author at once.",
     .admin_help = "Announce the limit with SIZE, so that clients learn it before they send. "
                   "Policy and MTA should have the same limit.",
     .causes = {"a large attachment", "many pictures in one message"}},
    {.id = "conversion-needed",
     .group = "content",
     .what = "8-bit or binary content cannot be carried on",
     .kind = ReasonClass::permanent,
     .reply = "554 5.6.3",
     .stages = {end_of_message},
     .reference = "RFC 3463 3.7; IANA registry",
     .note = "",
     .claim = Claim::content,
     .text = "The message would need a conversion to 7 bits that this server cannot do.",
     .advice = "Send it with quoted-printable or base64 encoding.",
     .sender_help = "A server on the way accepts only 7-bit content, and this one cannot convert "
                    "it. Change the encoding in the mail program.",
     .operator_help =
         "Let your server convert 8-bit parts to quoted-printable or base64 for hosts without "
         "8BITMIME (RFC 6152), which Postfix does unless disable_mime_output_conversion is set. "
         "Sign with DKIM after that, since conversion breaks signatures.",
     .admin_help = "The next host does not offer 8BITMIME or BINARYMIME. Converting would break "
                   "DKIM signatures, so it is better done by the sender.",
     .causes = {"an old server behind this one", "content sent as binary"}},
    {.id = "media-unsupported",
     .group = "content",
     .what = "the content's type cannot be handled",
     .kind = ReasonClass::permanent,
     .reply = "554 5.6.1",
     .tolerated = {"550 5.6.1"},
     .stages = {end_of_message},
     .reference = "RFC 3463 3.7",
     .note = "",
     .claim = Claim::content,
     .text = "The content type {detail|of this message} cannot be handled by this system.",
     .advice = "Send the content in another format.",
     .sender_help = "The receiving system, such as a fax or SMS gateway, cannot handle this kind "
                    "of content. Send it as plain text or another common format.",
     .operator_help = "Your server is not at fault, since the system behind this one handles few "
                      "types of content. If a system of yours feeds it, let that write plain text.",
     .admin_help = "For gateways that carry only certain media. For a type that you do not want, "
                   "use attachment-forbidden.",
     .causes = {"a message to a gateway that accepts only text", "an unusual file format"}},
    {.id = "priority-too-low",
     .group = "content",
     .what = "only messages of higher priority are accepted",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.15",
     .tolerated = {"550 5.7.15"},
     .stages = {mail, end_of_message},
     .reference = "RFC 6710 4.1",
     .note = "",
     .text = "Only messages of higher priority than this one are accepted right now.",
     .advice = "Your mail server will try again, and a higher MT-PRIORITY helps if you may set it.",
     .sender_help =
         "The server is in a state in which it accepts only urgent messages. Yours can go later.",
     .operator_help = "Keep the message in the queue. If urgent mail of yours has to wait, agree "
                      "with the receiving site whom it allows to set MT-PRIORITY, for a server "
                      "need not believe just anybody (RFC 6710).",
     .admin_help = "You have raised the lowest priority that is accepted (RFC 6710 4.1). Lower it "
                   "again when the need is over.",
     .causes = {"an emergency in which only urgent mail is carried",
                "a message with very low priority"}},
    {.id = "priority-size",
     .group = "content",
     .what = "the message is too big for its priority",
     .kind = ReasonClass::permanent,
     .reply = "552 5.7.16",
     .tolerated = {"452 4.7.16"},
     .stages = {mail, end_of_message},
     .reference = "RFC 6710 5",
     .note = "",
     .text = "Messages of this priority must be smaller than {limit|this one} right now.",
     .advice = "Make the message smaller or send it with another priority.",
     .sender_help = "The server limits the size of messages by their priority. Make the message "
                    "smaller or choose another priority.",
     .operator_help = "Do not give all mail the same priority, and keep what is urgent short, "
                      "since the receiving site sets a limit for each (RFC 6710). If the limits do "
                      "not fit what was agreed, ask its postmaster.",
     .admin_help =
         "The limit depends on MT-PRIORITY (RFC 6710 5); the general one is message-too-big.",
     .causes = {"a large attachment", "a priority that allows only small messages"}},
    // system
    {.id = "storage-full",
     .group = "system",
     .what = "the server has no room left",
     .kind = ReasonClass::temporary,
     .reply = "452 4.3.1",
     .stages = {mail, rcpt, end_of_message},
     .reference = "RFC 1870 6.1(1); RFC 5321 4.2.3; RFC 3463 3.4",
     .note = "",
     .text = "Insufficient system storage at {host} leaves no room for mail right now.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "The receiving server has run out of space, which its administrator must fix. "
                    "Your message waits and will be tried again.",
     .operator_help = "Leave the queue alone, since your server tries again and may reach another "
                      "MX host of the domain meanwhile. If it lasts for a day, tell the postmaster "
                      "there by other means than mail to this host.",
     .admin_help = "Make room where the mail queue is. Senders try again for several days, so "
                   "nothing is lost if you act soon.",
     .causes = {"a full disk", "a queue that grew because mail cannot be delivered"}},
    {.id = "shutdown",
     .group = "system",
     .what = "the service is being stopped",
     .kind = ReasonClass::temporary,
     .reply = "421 4.3.2",
     .tolerated = {"421 4.3.0"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 3.8, 4.2.3; RFC 3463 3.4",
     .note = "",
     .text = "The mail service is shutting down or restarting.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "The receiving server is being stopped or restarted. Your server connects "
                    "again later and delivers then.",
     .operator_help = "Your server tries another MX host or comes back later, so nothing has to be "
                      "done. If it meets this at every attempt, tell the postmaster of the site, "
                      "for a service that always stops is broken.",
     .admin_help =
         "Nothing is wrong if you stopped the service. If not, look in the log for what did.",
     .causes = {"maintenance", "a restart after an update"}},
    {.id = "overload",
     .group = "system",
     .what = "the server has too much work",
     .kind = ReasonClass::temporary,
     .reply = "421 4.3.2",
     .tolerated = {"451 4.3.2", "450 4.3.2"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 3.8; RFC 3463 3.4",
     .note = "",
     .text = "The server is overloaded and cannot accept more work right now.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "The receiving server has more work than it can handle. Your message waits and "
                    "will be tried again.",
     .operator_help = "Do not force the queue, because more connections make it worse. If mail for "
                      "this site waits for hours, lower the number of parallel connections to it, "
                      "so that those you have get through.",
     .admin_help = "Look at load, number of sessions and the time that decisions take. If the load "
                   "is spam, refuse it earlier in the session.",
     .causes = {"a wave of spam", "slow DNS or scanners", "too few resources"}},
    {.id = "internal-error",
     .group = "system",
     .what = "an error of our own",
     .kind = ReasonClass::temporary,
     .reply = "451 4.3.0",
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.2.3",
     .note = "Never 5yz for a fault of our own.",
     .text = "Local error in processing, the mail filter of {host} has a fault.",
     .advice = "Your mail server will try again, but tell our postmaster if the problem lasts.",
     .sender_help = "A fault in the receiving server keeps it from deciding on your message. You "
                    "did nothing wrong; the message will be tried again.",
     .operator_help =
         "Nothing on your side has caused it, so keep the message in the queue. If it lasts for "
         "hours, send the reference to the receiving postmaster, who finds the fault by it.",
     .admin_help = "This is a bug in the filter or its environment. Look in the log for the "
                   "reference, and report it with the record.",
     .causes = {"a bug in the filter", "a lack of memory or file handles"}},
    {.id = "misconfigured",
     .group = "system",
     .what = "an error in our own configuration",
     .kind = ReasonClass::temporary,
     .reply = "451 4.3.5",
     .tolerated = {"451 4.3.0"},
     .stages = ReplyStages::any(),
     .reference = "RFC 3463 3.4",
     .note = "",
     .text = "The mail filter of {host} is not configured correctly.",
     .advice = "Your mail server will try again, but tell our postmaster if the problem lasts.",
     .sender_help = "The receiving server has a mistake in its settings. You did nothing wrong; "
                    "the message will be tried again until its administrator has fixed it.",
     .operator_help = "Only the receiving site can change its settings, so keep the message in the "
                      "queue. If a day has passed, send the reference to the postmaster there, by "
                      "telephone if mail does not get through.",
     .admin_help =
         "Run postern check on the configuration and look in the log for the setting in question.",
     .causes = {"a setting that contradicts another", "a missing table or file"}},
    {.id = "dependency-down",
     .group = "system",
     .what = "something we need does not answer",
     .kind = ReasonClass::temporary,
     .reply = "451 4.3.0",
     .tolerated = {"451 4.3.2"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.2.3; RFC 3463 3.4",
     .note = "Whether mail then passes or waits is a setting of each check.",
     .text = "Service currently unavailable, a check at {host} gets no answer.",
     .advice = "Your mail server will try again automatically, so no action is needed.",
     .sender_help = "Something behind the receiving server, such as a scanner or database, is out "
                    "of order. Your message waits and will be tried again.",
     .operator_help = "Your queue bridges the time, and no setting of yours is involved. If all "
                      "mail for this site waits for hours, a word to its postmaster is useful, by "
                      "other means than mail to the same host.",
     .admin_help = "The record names the service and how long the filter waited for it. Decide per "
                   "check whether mail should pass or wait without it.",
     .causes = {"a scanner or database is down", "a network fault",
                "a time limit that is too short"}},
    {.id = "dns-timeout",
     .group = "system",
     .what = "DNS did not answer",
     .kind = ReasonClass::temporary,
     .reply = "451 4.4.3",
     .tolerated = {"450 4.4.3"},
     .at = {{{helo, "421 4.4.3"}}},
     .stages = {helo, mail, rcpt, end_of_message},
     .reference = "RFC 3463 3.5",
     .note = "",
     .claim = Claim::lookup,
     .text = "A DNS lookup needed to check this mail got no answer.",
     .advice = "Your mail server will try again, but check the DNS of the sending domain if the "
               "problem lasts.",
     .sender_help = "The receiving server got no answer from DNS. The message will be tried again "
                    "automatically; if the problem lasts, name servers of the sender's domain may "
                    "be out of order.",
     .operator_help = "Query from outside the names that belong to your mail (sender domain, HELO "
                      "name, reverse name, SPF and DKIM records), at each of their name servers. "
                      "If all answer, the trouble is the receiver's and passes.",
     .admin_help = "The record shows the query. If many queries fail, look at your resolver; if "
                   "those of one domain, at its name servers.",
     .causes = {"name servers of the sending domain are down",
                "trouble with the receiver's resolver", "a firewall that drops DNS answers"}},
    {.id = "idle-timeout",
     .group = "system",
     .what = "the client said nothing for too long",
     .kind = ReasonClass::temporary,
     .reply = "421 4.4.2",
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 3.8, 4.5.3.2.7; IANA registry",
     .note = "",
     .text = "No command came from [{client_address}] for too long.",
     .advice =
         "Your mail server will try again, but look for network trouble if the problem lasts.",
     .sender_help =
         "The connection was idle for so long that the receiving server closed it. If it happens "
         "again, look at the network between the servers, such as MTU or a firewall.",
     .operator_help = "Look in your log for the time between commands. If sessions stall within a "
                      "message, suspect the MTU of the path or a firewall that forgets "
                      "connections; RFC 5321 4.5.3.2 has the times that both sides should wait.",
     .admin_help = "RFC 5321 4.5.3.2.7 asks for at least five minutes. Many idle sessions from one "
                   "host may be an attempt to use up your connections.",
     .causes = {"a broken network path", "a sending server that hangs",
                "a connection kept open for later use"}},
    {.id = "policy-reject",
     .group = "system",
     .what = "another local rule, permanent",
     .kind = ReasonClass::permanent,
     .reply = "550 5.7.1",
     .tolerated = {"554 5.7.1"},
     .stages = {helo, mail, rcpt, end_of_message},
     .reference = "RFC 5321 7.9",
     .note = "Give it a text of your own that says what the rule is about.",
     .text = "Message not accepted for policy reasons, by a rule of this mail server.",
     .advice = "Ask our postmaster what the rule requires, and give the reference.",
     .sender_help =
         "The receiving mail server has a rule of its own against this message. The reference in "
         "the reply lets its postmaster find the rule and tell you what to change.",
     .operator_help =
         "The rule is that site's own and may be about your server, the sender or the recipient. "
         "Give its postmaster the reference, since nobody outside can tell what has to change.",
     .admin_help = "Set text in the rule, so that the sender learns what it is about. If another "
                   "reason of the catalogue fits, use that.",
     .causes = {"a rule made for this site", "a rule that is too broad"}},
    {.id = "policy-defer",
     .group = "system",
     .what = "another local rule, temporary",
     .kind = ReasonClass::temporary,
     .reply = "450 4.7.0",
     .tolerated = {"451 4.7.0"},
     .at = {{{helo, "421 4.7.0"}, {mail, "451 4.7.0"}}},
     .stages = {helo, mail, rcpt, end_of_message},
     .reference = "RFC 5321 4.2.3",
     .note = "Give it a text of your own that says what the rule is about.",
     .text = "A policy rule of this mail server delays this message for now.",
     .advice = "Your mail server will try again, but ask our postmaster and give the reference if "
               "the delay lasts.",
     .sender_help = "The receiving mail server has a rule that makes this message wait. It will be "
                    "tried again automatically; if it never passes, the postmaster there finds the "
                    "rule by the reference.",
     .operator_help =
         "Your queue goes on trying for days, and it is not known that a setting of yours is "
         "wrong. Give the receiving postmaster the reference before the message expires.",
     .admin_help = "Set text in the rule, so that the sender learns what it waits for. Be sure "
                   "that the condition can end by itself, or mail bounces after days.",
     .causes = {"a rule made for this site", "a condition that never ends"},
     .defer_if_permit = true},
    // protocol
    {.id = "cmd-unknown",
     .group = "protocol",
     .what = "the command is not known",
     .kind = ReasonClass::permanent,
     .reply = "500 5.5.2",
     .tolerated = {"500 5.5.1"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.2.4, 3.8",
     .note = "",
     .text = "Client [{client_address}] sent a command that this server does not know.",
     .advice = "Check the sending software, and any firewall or proxy in between.",
     .sender_help = "The sending program used a command that SMTP or this server does not have. "
                    "Its vendor must fix it; sometimes a firewall garbles the command.",
     .operator_help = "Find in a trace of the session which command it was. If your server did not "
                      "send it so, a firewall that inspects SMTP has replaced it, often by a row "
                      "of X, so switch the inspection off.",
     .admin_help = "Look at the session. Web browsers and scanners that speak HTTP to the mail "
                   "port get this reply too.",
     .causes = {"a port scanner or a web client", "a firewall that changes SMTP",
                "broken sending software"}},
    {.id = "cmd-too-long",
     .group = "protocol",
     .what = "the command line is too long",
     .kind = ReasonClass::permanent,
     .reply = "500 5.5.2",
     .tolerated = {"500 5.5.4"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.3.2, 4.5.3.1.9",
     .note = "",
     .text = "The command line is longer than this server accepts.",
     .advice = "Shorten what the command carries, usually an address.",
     .sender_help = "A command must fit into 512 octets, somewhat more with extensions. Usually an "
                    "address was far too long or two lines ran together.",
     .operator_help = "Find out which address or parameter made the line so long; a path has at "
                      "most 256 octets, a local part 64 (RFC 5321 4.5.3.1). Bounce addresses that "
                      "wrap others (VERP, SRS) grow at each hop, so shorten or hash them.",
     .admin_help =
         "RFC 5321 4.5.3.1.4 sets 512 octets; extensions such as DSN, AUTH and SMTPUTF8 add to it.",
     .causes = {"a very long generated address", "lines that ran together", "an attack"}},
    {.id = "arg-syntax",
     .group = "protocol",
     .what = "the argument of a command cannot be read",
     .kind = ReasonClass::permanent,
     .reply = "501 5.5.4",
     .tolerated = {"501 5.5.2"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.3.2; IANA registry",
     .note = "",
     .text = "The argument of this command is not well formed.",
     .advice = "Correct the address or value that was sent with the command.",
     .sender_help = "The command is right, but what follows it is not well formed. Usually it is "
                    "an address without angle brackets or with stray characters.",
     .operator_help =
         "In MAIL and RCPT the address stands in angle brackets, without a space beside the colon, "
         "as in MAIL FROM:<a@example.org> (RFC 5321 3.3). Correct the script or device, or have it "
         "hand its mail to a real mail server of yours.",
     .admin_help =
         "The session shows the argument as it came. Old devices leave out the angle brackets.",
     .causes = {"an address with stray characters", "a missing angle bracket",
                "broken sending software"}},
    {.id = "cmd-not-implemented",
     .group = "protocol",
     .what = "the command is known but not offered",
     .kind = ReasonClass::permanent,
     .reply = "502 5.5.1",
     .tolerated = {"502 5.5.2"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.2.4; RFC 3463 3.6",
     .note = "Permanent: 502 is not an outage and waiting does not help.",
     .text = "This command is known here but is not implemented or is switched off.",
     .advice = "Use only what the reply to EHLO offers.",
     .sender_help = "The server knows the command but does not carry it out. Nothing is broken and "
                    "waiting does not help; the program must do without it.",
     .operator_help = "Have the client do without the command; for VRFY, EXPN and ETRN there is no "
                      "need. If it tries to log in, it has reached the port for mail between "
                      "servers and should use 587 or 465.",
     .admin_help = "Offer in EHLO only what you support. VRFY, EXPN and TURN are the usual ones.",
     .causes = {"a client that tries VRFY or EXPN", "login attempted on a port without it"}},
    {.id = "bad-sequence",
     .group = "protocol",
     .what = "commands came in the wrong order",
     .kind = ReasonClass::permanent,
     .reply = "503 5.5.1",
     .tolerated = {"503 5.5.0"},
     .stages = ReplyStages::any(),
     .reference = "RFC 5321 4.1.4, 3.3; RFC 3463 3.6",
     .note = "Permanent: 503 is about order, not about a busy server or a limit.",
     .text = "This command came out of order.",
     .advice = "Look at the earlier replies of the session, because usually an earlier command was "
               "refused.",
     .sender_help = "The sending program sent a command before the one it depends on had "
                    "succeeded. It is not about speed or limits; the real cause is usually an "
                    "earlier refusal that the program ignored.",
     .operator_help =
         "Find the first refusal in a trace of the session, because the client went on as if it "
         "had not come. Mail servers keep the order, so look at a script, a library or a proxy.",
     .admin_help = "Look at the session. RCPT without an accepted MAIL, or DATA without RCPT, are "
                   "the usual cases.",
     .causes = {"a program that ignores an earlier refusal", "a home-grown script",
                "EHLO left out after STARTTLS"}},
    {.id = "param-not-implemented",
     .group = "protocol",
     .what = "the parameter of a command is not implemented",
     .kind = ReasonClass::permanent,
     .reply = "504 5.5.4",
     .stages = {helo, auth},
     .reference = "RFC 5321 4.2.1, 4.3.2",
     .note = "Permanent: 504 is not a gateway timeout.",
     .text = "The HELO name or login method given here is one that we do not support.",
     .advice =
         "Greet with a full host name, or choose a login method that the reply to EHLO offers.",
     .sender_help = "The command is known, but not with what followed it; usually that is a login "
                    "method the server does not have. Choose another in the account settings.",
     .operator_help = "If the reply was to HELO or EHLO, have your server greet with its full host "
                      "name. If it was to AUTH, choose a mechanism that the reply to EHLO offers, "
                      "in Postfix by smtp_sasl_mechanism_filter.",
     .admin_help = "Compare the session with what your EHLO reply offers. Postfix also uses 504 "
                   "for HELO names without a domain.",
     .causes = {"a login method the server lacks", "a HELO name without a domain"}},
    {.id = "mail-param-unknown",
     .group = "protocol",
     .what = "a parameter of MAIL or RCPT is not known",
     .kind = ReasonClass::permanent,
     .reply = "555 5.5.4",
     .stages = {mail, rcpt},
     .reference = "RFC 5321 4.1.1.11",
     .note = "",
     .text = "A parameter of MAIL or RCPT is unknown to this server.",
     .advice = "Use only the extensions that the reply to EHLO offers.",
     .sender_help = "The sending program asked for an extension this server does not have, or put "
                    "stray text after the address. Its vendor or administrator must change it.",
     .operator_help =
         "Compare the MAIL or RCPT command with the reply to EHLO in a trace of the session; a "
         "parameter may be used only if its extension is offered there. A proxy that answers EHLO "
         "by itself, or text behind the address, explains the difference.",
     .admin_help = "A client must use only what your EHLO reply offers. If a proxy changes the "
                   "EHLO reply, the two sides see different offers.",
     .causes = {"stray text after the address", "a proxy that changes the EHLO reply",
                "broken sending software"}},
    {.id = "mail-param-temp",
     .group = "protocol",
     .what = "a parameter of MAIL or RCPT cannot be honoured now",
     .kind = ReasonClass::temporary,
     .reply = "455 4.3.3",
     .tolerated = {"455 4.5.0"},
     .stages = {mail, rcpt},
     .reference = "RFC 5321 4.1.1.11; RFC 3463 3.4",
     .note = "",
     .text = "An extension requested with MAIL or RCPT is not available at the moment.",
     .advice = "Your mail server will try again, or can send without the extension.",
     .sender_help = "The server knows the requested extension but cannot provide it at the moment. "
                    "The message will be tried again automatically.",
     .operator_help =
         "Keep the message in the queue. Sending it without the extension is right only where that "
         "is a mere wish, such as a priority, and wrong where the author relies on it.",
     .admin_help = "Find out which extension it is and what it needs, such as a list of priorities "
                   "or a store for reports.",
     .causes = {"a service behind the extension is down", "a limit of the extension is reached"}},
    {.id = "vrfy-refused",
     .group = "protocol",
     .what = "addresses are not confirmed",
     .kind = ReasonClass::positive,
     .reply = "252 2.5.0",
     .tolerated = {"252 2.0.0", "502 5.5.1"},
     .stages = {vrfy},
     .reference = "RFC 5321 3.5.3, 7.3",
     .note = "A positive answer that promises nothing, as RFC 5321 3.5.3 suggests where VRFY is "
             "switched off.",
     .text = "Addresses are not confirmed here, but delivery to them will be attempted.",
     .advice = "Send a message, since only its delivery shows whether the address works.",
     .sender_help = "The server does not say whether an address exists, so that nobody can collect "
                    "addresses. That says nothing about whether the address works.",
     .operator_help = "Take 252 for what it is, neither yes nor no, and send the message; RCPT or "
                      "a bounce tells whether the address works. Do not clean lists with VRFY, "
                      "since most servers answer it so.",
     .admin_help = "252 gives nothing away. Answer VRFY truthfully only to people you know.",
     .causes = {"VRFY or EXPN is switched off",
                "the server does not know all addresses it forwards"}},
};
static_assert(std::size(table) == 122);

}  // namespace

std::span<const Reason> all_reasons() noexcept { return table; }

}  // namespace postern
