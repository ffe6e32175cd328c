use crate::Code;
use crate::ffi::{self, Handle};
use std::any::Any;
use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_int};
use std::fmt;
use std::ptr;

/// What the application does whenever a module speaks to it.
///
/// Prompts without echo are met with the turns of this script, one each, in order. Prompts with echo
/// (the user name) have a script of their own, see [`Conversation::name`]. A prompt for which no turn
/// is left is met with PAM_CONV_ERR, as if the person had walked away.
#[derive(Default)]
pub struct Conversation {
    secrets: VecDeque<Turn>,
    names: VecDeque<Turn>,
    told: Vec<(String, Effect)>,
}

type Turn = Box<dyn FnOnce(&Moment<'_>) -> Reply + Send>;
type Effect = Box<dyn FnMut(&Moment<'_>) + Send>;

/// How one prompt is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// This text. libpam does not see what comes after a NUL byte.
    Answer(Vec<u8>),
    /// PAM_SUCCESS, but no response: a null pointer in its place.
    Null,
    /// PAM_CONV_ERR: the person cancelled.
    Cancel,
    /// PAM_CONV_AGAIN: the answer is not there yet.
    Again,
}

/// One thing a module said or asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How it is to be shown.
    pub style: Style,
    /// Its text, in UTF-8 with replacements.
    pub text: String,
}

/// How a message is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// PAM_PROMPT_ECHO_OFF: asks for a password.
    EchoOff,
    /// PAM_PROMPT_ECHO_ON: asks for a name.
    EchoOn,
    /// PAM_ERROR_MSG
    Error,
    /// PAM_TEXT_INFO
    Info,
    /// Any other, such as PAM_BINARY_PROMPT; met with PAM_CONV_ERR.
    Other(c_int),
}

/// The moment at which a module waits for the conversation: control is inside one line of the stack.
pub struct Moment<'a> {
    message: &'a Message,
    before: &'a [Message],
    handle: *mut Handle,
}

impl Conversation {
    /// Nobody is there: every prompt is met with PAM_CONV_ERR. Turns may be added.
    pub fn silent() -> Self {
        Self::default()
    }

    /// Each prompt without echo gets the next of these.
    pub fn answers<T: Into<Vec<u8>>>(answers: impl IntoIterator<Item = T>) -> Self {
        answers.into_iter().fold(Self::silent(), Self::answer)
    }

    /// The next prompt without echo gets this answer.
    pub fn answer(self, answer: impl Into<Vec<u8>>) -> Self {
        self.reply(Reply::Answer(answer.into()))
    }

    /// The next prompt without echo gets no response, though the conversation succeeds.
    pub fn null(self) -> Self {
        self.reply(Reply::Null)
    }

    /// The next prompt without echo is cancelled (PAM_CONV_ERR).
    pub fn cancel(self) -> Self {
        self.reply(Reply::Cancel)
    }

    /// The next prompt without echo gets PAM_CONV_AGAIN.
    pub fn again(self) -> Self {
        self.reply(Reply::Again)
    }

    /// The next prompt without echo is met so.
    pub fn reply(self, reply: Reply) -> Self {
        self.answer_with(move |_| reply)
    }

    /// The next prompt without echo is met by whatever this says, and does, at that moment.
    pub fn answer_with(mut self, turn: impl FnOnce(&Moment<'_>) -> Reply + Send + 'static) -> Self {
        self.secrets.push_back(Box::new(turn));
        self
    }

    /// The next prompt without echo gets this answer if `count` texts or more were shown before it,
    /// and is cancelled otherwise.
    pub fn answer_after(self, count: usize, answer: impl Into<Vec<u8>>) -> Self {
        let answer = Reply::Answer(answer.into());
        self.answer_with(move |moment| {
            let shown = moment.before.iter().filter(|message| message.is_text());
            if shown.count() >= count {
                answer
            } else {
                Reply::Cancel
            }
        })
    }

    /// The next prompt with echo gets this answer.
    pub fn name(mut self, name: impl Into<Vec<u8>>) -> Self {
        let reply = Reply::Answer(name.into());
        self.names.push_back(Box::new(move |_| reply));
        self
    }

    /// Whenever a module shows a text that contains `text`, this is done before it goes on. With a line
    /// like `auth optional pam_echo.so now` it happens between two lines of the stack.
    pub fn when_told(
        mut self,
        text: impl Into<String>,
        effect: impl FnMut(&Moment<'_>) + Send + 'static,
    ) -> Self {
        self.told.push((text.into(), Box::new(effect)));
        self
    }

    fn meet(&mut self, moment: &Moment<'_>) -> Reply {
        let turn = match moment.message.style {
            Style::EchoOff => self.secrets.pop_front(),
            Style::EchoOn => self.names.pop_front(),
            Style::Other(_) => None,
            Style::Error | Style::Info => {
                for (text, effect) in &mut self.told {
                    if moment.message.text.contains(text.as_str()) {
                        effect(moment);
                    }
                }
                return Reply::Null;
            }
        };
        turn.map_or(Reply::Cancel, |turn| turn(moment))
    }
}

impl fmt::Debug for Conversation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Conversation")
            .field("secrets", &self.secrets.len())
            .field("names", &self.names.len())
            .finish_non_exhaustive()
    }
}

impl Reply {
    /// An answer.
    pub fn answer(text: impl Into<Vec<u8>>) -> Self {
        Self::Answer(text.into())
    }
}

impl Message {
    /// A message to compare with.
    pub fn new(style: Style, text: impl Into<String>) -> Self {
        Self {
            style,
            text: text.into(),
        }
    }

    /// Whether it only tells something, and asks nothing.
    pub fn is_text(&self) -> bool {
        matches!(self.style, Style::Error | Style::Info)
    }
}

impl Style {
    fn new(style: c_int) -> Self {
        match style {
            ffi::PAM_PROMPT_ECHO_OFF => Self::EchoOff,
            ffi::PAM_PROMPT_ECHO_ON => Self::EchoOn,
            ffi::PAM_ERROR_MSG => Self::Error,
            ffi::PAM_TEXT_INFO => Self::Info,
            other => Self::Other(other),
        }
    }
}

impl Moment<'_> {
    /// What the module says or asks.
    pub fn message(&self) -> &Message {
        self.message
    }

    /// Everything that was said or asked before, on this handle.
    pub fn before(&self) -> &[Message] {
        self.before
    }

    /// PAM_AUTHTOK as it stands. libpam hides it from applications, but at this moment it takes the
    /// caller for the module that is waiting.
    pub fn token(&self) -> Option<Vec<u8>> {
        let mut value = ptr::null();
        // SAFETY: the handle is the one whose call is under way on this thread.
        let code = unsafe { ffi::pam_get_item(self.handle, ffi::PAM_AUTHTOK, &raw mut value) };
        if code != Code::SUCCESS.number() || value.is_null() {
            return None;
        }
        // SAFETY: the item is a NUL-terminated string of libpam's; it is copied at once.
        Some(unsafe { CStr::from_ptr(value.cast()) }.to_bytes().to_vec())
    }

    /// Sets PAM_AUTHTOK, as another module might, or takes it away.
    pub fn set_token(&self, token: Option<&str>) -> Code {
        let Ok(token) = token.map(CString::new).transpose() else {
            return Code::BAD_ITEM;
        };
        let value = token.as_ref().map_or(ptr::null(), |token| token.as_ptr());
        // SAFETY: the handle is the one whose call is under way; libpam copies the string.
        Code::new(unsafe { ffi::pam_set_item(self.handle, ffi::PAM_AUTHTOK, value.cast()) })
    }
}

/// The script, and what has been said so far.
#[derive(Debug)]
pub(crate) struct Transcript {
    script: Conversation,
    messages: Vec<Message>,
    pub(crate) handle: *mut Handle,
    /// What a turn of the script panicked with; it goes on when libpam's call has returned.
    pub(crate) panic: Option<Box<dyn Any + Send>>,
}

impl Transcript {
    pub(crate) fn new(script: Conversation) -> Self {
        Self {
            script,
            messages: Vec::new(),
            handle: ptr::null_mut(),
            panic: None,
        }
    }

    pub(crate) fn messages(&self) -> &[Message] {
        &self.messages
    }

    pub(crate) fn answers_left(&self) -> usize {
        self.script.secrets.len()
    }

    /// # Safety
    /// `message` is null or one of the messages libpam passes to a conversation.
    pub(crate) unsafe fn meet(&mut self, message: *const ffi::RawMessage) -> Reply {
        // SAFETY: the caller's promise.
        let Some(message) = (unsafe { message.as_ref() }) else {
            return Reply::Cancel;
        };
        let text = if message.text.is_null() {
            String::new()
        } else {
            // SAFETY: not null, hence a NUL-terminated string of the module's.
            let text = unsafe { CStr::from_ptr(message.text) };
            text.to_string_lossy().into_owned()
        };
        let message = Message::new(Style::new(message.style), text);
        let moment = Moment {
            message: &message,
            before: &self.messages,
            handle: self.handle,
        };
        let reply = self.script.meet(&moment);
        self.messages.push(message);
        reply
    }
}
