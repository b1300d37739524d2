//! What the built-in engine listens for, and what it says. The lines are this project's own.

/// What is answered to a message that has one of the phrases.
#[derive(Debug)]
pub(super) struct Rule {
    /// The phrases, in lower case and without the short forms of [`EXPANSIONS`]. ^ stands for a clause's
    /// beginning.
    pub(super) heard: &'static [&'static str],
    /// The answers. In the place of `{}` stands what follows on the phrase; an answer without it can always
    /// be given.
    pub(super) answers: &'static [&'static str],
}

const fn rule(heard: &'static [&'static str], answers: &'static [&'static str]) -> Rule {
    Rule { heard, answers }
}

/// Short forms, and what is read in their place.
pub(super) const EXPANSIONS: [(&str, &str); 35] = [
    ("aren't", "are not"),
    ("can't", "cannot"),
    ("cant", "cannot"),
    ("couldn't", "could not"),
    ("didn't", "did not"),
    ("doesn't", "does not"),
    ("don't", "do not"),
    ("dont", "do not"),
    ("haven't", "have not"),
    ("he's", "he is"),
    ("how's", "how is"),
    ("i'd", "I would"),
    ("i'll", "I will"),
    ("i'm", "I am"),
    ("i've", "I have"),
    ("im", "I am"),
    ("isn't", "is not"),
    ("it's", "it is"),
    ("she's", "she is"),
    ("that's", "that is"),
    ("they're", "they are"),
    ("u", "you"),
    ("ur", "your"),
    ("wanna", "want to"),
    ("wasn't", "was not"),
    ("we're", "we are"),
    ("weren't", "were not"),
    ("what's", "what is"),
    ("where's", "where is"),
    ("who's", "who is"),
    ("won't", "will not"),
    ("wouldn't", "would not"),
    ("you'd", "you would"),
    ("you're", "you are"),
    ("you've", "you have"),
];

/// Words of the one side, and what they are on the other. Longer ones first.
pub(super) const MIRRORS: [(&str, &str); 22] = [
    ("i am", "you are"),
    ("am i", "are you"),
    ("i was", "you were"),
    ("was i", "were you"),
    ("you are", "I am"),
    ("are you", "am I"),
    ("you were", "I was"),
    ("were you", "was I"),
    ("with you", "with me"),
    ("to you", "to me"),
    ("of you", "of me"),
    ("i", "you"),
    ("me", "you"),
    ("my", "your"),
    ("mine", "yours"),
    ("myself", "yourself"),
    ("your", "my"),
    ("yours", "mine"),
    ("yourself", "myself"),
    ("our", "your"),
    ("ours", "yours"),
    ("us", "you"),
];

/// What is listened for, the more telling first.
pub(super) const RULES: &[Rule] = &[
    // Words of despair are no matter for a game with words.
    rule(
        &[
            "suicide",
            "suicidal",
            "kill myself",
            "killing myself",
            "hurt myself",
            "harm myself",
            "end my life",
            "want to die",
            "do not want to live",
        ],
        &[
            "I am only a small program and cannot help with this, but people can: please talk to somebody you \
           trust, or call your local emergency number now.",
        ],
    ),
    // About the bot.
    rule(
        &[
            "who are you",
            "what are you",
            "your name",
            "are you a",
            "are you an",
            "are you human",
            "are you real",
            "chatbot",
            "what can you do",
        ],
        &[
            "I am the bot that is built into this chat: a small program that asks back. What shall we talk about?",
            "Just the chat's small bot. I would rather hear about you.",
        ],
    ),
    rule(
        &["^help", "help me", "can you help"],
        &["I can listen and ask back. What is it about?", "Tell me what it is about; saying it often helps."],
    ),
    // Courtesies.
    rule(
        &["thanks", "thank you", "thx"],
        &["You are welcome. What else is on your mind?", "With pleasure. Shall we go on?"],
    ),
    rule(
        &["goodbye", "good bye", "bye", "good night", "see you"],
        &["Goodbye. I liked our talk.", "Until next time, then."],
    ),
    rule(
        &["how are you", "how do you do"],
        &["All is well here, thank you. And how are you?", "I cannot complain, I am a program. And you?"],
    ),
    rule(&["sorry", "my apologies"], &["There is nothing to be sorry for.", "Never mind. Please go on."]),
    // The user's family, memories and dreams.
    rule(
        &[
            "my mother",
            "my mom",
            "my mum",
            "my father",
            "my dad",
            "my parents",
            "my sister",
            "my brother",
            "my family",
            "my wife",
            "my husband",
            "my son",
            "my daughter",
            "my children",
            "my kids",
        ],
        &["Tell me more about your family.", "Who else in your family comes to mind?", "Are you close?"],
    ),
    rule(
        &["i remember"],
        &[
            "Do you often think of {}?",
            "What else comes to mind with {}?",
            "Why does this come to mind just now?",
        ],
    ),
    rule(&["do you remember"], &["Did you think I would forget {}?", "What about it should I remember?"]),
    rule(
        &["dream", "dreams", "dreamed", "dreamt"],
        &["What does that dream tell you?", "Do you dream often?", "Who appears in your dreams?"],
    ),
    // What the user wants, feels, can and is.
    rule(
        &["i need to", "i want to", "i would like to", "i have to", "i must"],
        &[
            "What would it mean to you to {}?",
            "Suppose you did not {}: what then?",
            "What keeps you from it?",
        ],
    ),
    rule(
        &["i need", "i want", "i would like", "i wish for", "i am looking for"],
        &[
            "What would it mean to you to have {}?",
            "Suppose you got {}: what then?",
            "What keeps you from getting it?",
        ],
    ),
    rule(
        &["i feel", "i am feeling", "i felt"],
        &["Do you often feel {}?", "When do you feel {}?", "Tell me more about this feeling."],
    ),
    rule(&["i am not", "i was not"], &["Would you like to be {}?", "What would be different if you were?"]),
    rule(
        &[
            "i am sad",
            "i am unhappy",
            "i am depressed",
            "i am lonely",
            "i am afraid",
            "i am sick",
            "i am ill",
        ],
        &["I am sorry to hear that. Since when?", "What would make it a little better?"],
    ),
    rule(
        &["i am happy", "i am glad", "i am better"],
        &["That is good to hear. What made it so?", "May it last. What helped?"],
    ),
    rule(
        &["i am"],
        &[
            "How long have you been {}?",
            "How do you feel about being {}?",
            "What does it mean to you to be {}?",
            "Please tell me more about yourself.",
        ],
    ),
    rule(&["i was"], &["What was it like to be {}?", "Are you still {}?", "And how is it today?"]),
    rule(
        &["i cannot", "i could not"],
        &["What makes you think you cannot {}?", "What would happen if you could {}?", "Have you tried?"],
    ),
    rule(
        &["i do not", "i will not", "i would not"],
        &["Why do you not {}?", "What if you did?", "Does that trouble you?"],
    ),
    rule(
        &["i think", "i believe", "i guess", "i suppose"],
        &["What makes you think {}?", "Are you sure that {}?", "How sure are you?"],
    ),
    rule(
        &["i like", "i love", "i enjoy"],
        &["What do you like best about {}?", "Since when do you care for {}?", "What makes it so good?"],
    ),
    rule(
        &["i hate", "i dislike"],
        &["What is it about {} that you cannot stand?", "Has it always been like that?"],
    ),
    rule(
        &["i have"],
        &["How long have you had {}?", "What is it like to have {}?", "Tell me more about that."],
    ),
    // What the bot is thought to be, do and be able to.
    rule(
        &["you are"],
        &[
            "What makes you think that I am {}?",
            "Does it please you to believe I am {}?",
            "We were talking about you, not about me.",
        ],
    ),
    rule(
        &["are you"],
        &[
            "Why do you want to know whether I am {}?",
            "What would it change if I were {}?",
            "Let us rather talk about you.",
        ],
    ),
    rule(
        &["can you", "could you", "will you", "would you", "please"],
        &[
            "All that I can do is ask back. What would you do?",
            "That is beyond a small program. But tell me more about it.",
        ],
    ),
    rule(
        &["do you", "did you", "have you"],
        &["I am a program, so no. And you?", "What would you like me to answer?"],
    ),
    rule(
        &["why do not you", "why cannot i", "should i", "shall i"],
        &["What speaks for it, and what against it?", "What would you advise a friend?"],
    ),
    // Single words.
    rule(
        &["because"],
        &["Is that the only reason?", "What other reasons come to mind?", "Does it explain anything else?"],
    ),
    rule(
        &["everyone", "everybody", "nobody", "no one"],
        &["Really all of them? Of whom do you think in particular?", "Can you think of an exception?"],
    ),
    rule(
        &["always", "never"],
        &["Can you give an example?", "Really without exception?", "When was the last time?"],
    ),
    rule(&["maybe", "perhaps"], &["You do not seem to be sure.", "What would make you sure?"]),
    rule(
        &["my"],
        &["Your {}? Please go on.", "What does your {} mean to you?", "That seems to matter to you."],
    ),
    rule(
        &["^hello", "^hi", "^hey", "good morning", "good evening", "good afternoon"],
        &["Hello. What is on your mind?", "Nice to hear from you. How are things?"],
    ),
    rule(
        &["^what", "^how", "^who", "^when", "^where", "^which", "^why"],
        &[
            "I cannot look things up, I only ask back. What do you think?",
            "What answer would you like best?",
            "What comes to mind first when you ask yourself that?",
        ],
    ),
    rule(
        &["^yes", "^yeah", "^yep", "^sure", "^of course", "^ok", "^okay"],
        &["I see. Please go on.", "You seem quite sure. Tell me more."],
    ),
    rule(&["^no", "^nope", "^nah"], &["Why not?", "No? What is it, then?"]),
];

/// What is said about something that the user said earlier.
pub(super) const MEMORIES: [&str; 2] = [
    "Earlier you mentioned “my {}”. Does this have to do with it?",
    "Let us go back to something: you spoke of “my {}”.",
];

/// What is said when nothing was recognized.
pub(super) const FALLBACKS: [&str; 8] = [
    "Please go on.",
    "Tell me more about that.",
    "I am not sure that I understand. Can you say it in other words?",
    "What does that mean to you?",
    "How do you feel when you say that?",
    "That is interesting. What came before it?",
    "Can you give me an example?",
    "And what follows from that?",
];
