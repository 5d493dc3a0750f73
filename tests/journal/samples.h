// Records for the tests of the journal, as the front ends would make them.
#pragma once

#include "journal/record.h"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::samples {

/// Every member of every part set to something other than its default.
Record full();

/// Each is what a person may have to explain; used by the golden files under these names.
Record refused_recipient();  // rcpt-unknown, policy door
Record blocked_client();     // client-blocked, milter door, decided at connect, spoken at RCPT
Record put_off();            // greylisted, DEFER_IF_PERMIT
Record softened();           // a block made temporary by a table that could not be read
Record softened_for_unknown_recipients();  // the recipients of the message were not known
Record softened_for_a_recipient();         // a rule could not be answered for one of them
Record accepted();                         // by a rule, for the session
Record watched_by_shadow();                // passed, but a shadow rule would have refused
Record held_and_marked();     // put into quarantine, a header field added, one refused, a tag
Record dropped();             // discarded, at the policy door
Record refused_by_score();    // spam, by what three rules have added
Record worded_by_us();        // as blocked_client, with a text that tells no reason
Record in_maintenance();      // put off until a time
Record in_trouble();          // our own: no rule decided
Record several_recipients();  // too big, at end of message
Record repeated();            // the same request again
Record joined();              // session tag meets queue id
std::vector<std::pair<std::string, Record>> all_for_golden_files();

/// `base` with another sequence number in its reference, queue id, session and instance.
Record with(Record base, unsigned sequence, std::string_view queue_id = {},
            std::string_view session = {}, std::string_view instance = {});

/// Up to `longest` octets of any value, often near what is special in JSON and UTF-8.
std::string any_octets(std::mt19937& random, std::size_t longest);

std::string read_file(const std::string& path);
}  // namespace postern::samples
