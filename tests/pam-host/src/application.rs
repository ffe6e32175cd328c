use crate::conversation::{Conversation, Message, Reply, Transcript};
use crate::ffi::{self, Handle, RawConversation, RawMessage, RawResponse};
use crate::{Code, Error, Flags, Item, Stack};
use std::cell::RefCell;
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_uint, c_void};
use std::os::unix::ffi::OsStrExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;
use std::{fmt, ptr, slice};

/// An application with one PAM handle: login, sudo, a screen locker.
///
/// It is told by libpam how long to wait after a failure and does not wait. Dropping it ends the
/// handle with the code of its last call.
pub struct Application {
    handle: *mut Handle,
    shared: *mut Shared,
    last: Code,
    /// libpam reads no file of it after the start, but modules may: it must outlive the handle.
    _stack: Stack,
}

/// How long libpam asked the application to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailDelay {
    /// What the call was about to return.
    pub code: Code,
    /// The longest delay a module had asked for, randomised by libpam.
    pub delay: Duration,
}

/// What libpam's callbacks reach. They run on the thread of the call, so a `RefCell` will do.
#[derive(Debug)]
struct Shared {
    transcript: RefCell<Transcript>,
    delays: RefCell<Vec<FailDelay>>,
}

/// Shared by every call into libpam, exclusive for a fork: a child must not inherit a lock of the
/// dynamic loader or of syslog that another thread holds.
pub(crate) static CALLS: RwLock<()> = RwLock::new(());

impl Application {
    /// `pam_start_confdir`. Without a user (`None`) a module will ask for the name.
    ///
    /// # Errors
    /// What libpam returned other than PAM_SUCCESS.
    pub fn start<'a>(
        stack: &Stack,
        service: &str,
        user: impl Into<Option<&'a str>>,
        conversation: Conversation,
    ) -> Result<Self, Error> {
        let service = text(service)?;
        let user = user.into().map(text).transpose()?;
        let confdir = text(stack.confdir())?;
        let shared = Box::into_raw(Box::new(Shared {
            transcript: RefCell::new(Transcript::new(conversation)),
            delays: RefCell::new(Vec::new()),
        }));
        let conversation = RawConversation {
            converse: Some(converse),
            application: shared.cast(),
        };
        let mut handle = ptr::null_mut();
        let guard = CALLS.read().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the strings live until the end of this function and libpam copies them and the
        // conversation; `shared` lives until `end` has freed the handle.
        let code = Code::new(unsafe {
            ffi::pam_start_confdir(
                service.as_ptr(),
                user.as_ref().map_or(ptr::null(), |user| user.as_ptr()),
                &raw const conversation,
                confdir.as_ptr(),
                &raw mut handle,
            )
        });
        drop(guard);
        if !code.is_success() {
            // SAFETY: from Box::into_raw above, and no handle knows it.
            drop(unsafe { Box::from_raw(shared) });
            return Err(Error::Start(code));
        }
        let mut application = Self {
            handle,
            shared,
            last: Code::SUCCESS,
            _stack: stack.clone(),
        };
        application.shared().transcript.borrow_mut().handle = handle;
        application.install_fail_delay()?;
        Ok(application)
    }

    /// `pam_authenticate`
    pub fn authenticate(&mut self, flags: Flags) -> Code {
        self.call(ffi::pam_authenticate, flags)
    }

    /// `pam_setcred`
    pub fn set_credentials(&mut self, flags: Flags) -> Code {
        self.call(ffi::pam_setcred, flags)
    }

    /// `pam_acct_mgmt`
    pub fn account(&mut self) -> Code {
        self.call(ffi::pam_acct_mgmt, Flags::NONE)
    }

    /// `pam_open_session`
    pub fn open_session(&mut self) -> Code {
        self.call(ffi::pam_open_session, Flags::NONE)
    }

    /// `pam_close_session`
    pub fn close_session(&mut self) -> Code {
        self.call(ffi::pam_close_session, Flags::NONE)
    }

    /// `pam_chauthtok`
    pub fn change_token(&mut self, flags: Flags) -> Code {
        self.call(ffi::pam_chauthtok, flags)
    }

    /// PAM_USER, which need not be UTF-8
    pub fn set_user(&mut self, user: impl AsRef<[u8]>) -> Code {
        self.set_bytes(Item::User, Some(user.as_ref()))
    }

    /// PAM_TTY
    pub fn set_tty(&mut self, tty: &str) -> Code {
        self.set_item(Item::Tty, Some(tty))
    }

    /// PAM_RHOST
    pub fn set_rhost(&mut self, host: &str) -> Code {
        self.set_item(Item::RemoteHost, Some(host))
    }

    /// PAM_RUSER
    pub fn set_ruser(&mut self, user: &str) -> Code {
        self.set_item(Item::RemoteUser, Some(user))
    }

    /// `pam_set_item`; `None` takes the item away. PAM_BAD_ITEM for a text with a NUL byte.
    pub fn set_item(&mut self, item: Item, value: Option<&str>) -> Code {
        self.set_bytes(item, value.map(str::as_bytes))
    }

    fn set_bytes(&mut self, item: Item, value: Option<&[u8]>) -> Code {
        let Ok(value) = value.map(CString::new).transpose() else {
            return Code::BAD_ITEM;
        };
        let value = value.as_ref().map_or(ptr::null(), |value| value.as_ptr());
        // SAFETY: the handle is open, every `Item` is a string, and libpam copies it.
        Code::new(unsafe { ffi::pam_set_item(self.handle, item as c_int, value.cast()) })
    }

    /// `pam_get_item`
    pub fn item(&self, item: Item) -> Option<String> {
        let mut value = ptr::null();
        // SAFETY: the handle is open and `value` is a place for one pointer.
        let code = unsafe { ffi::pam_get_item(self.handle, item as c_int, &raw mut value) };
        if code != Code::SUCCESS.number() || value.is_null() {
            return None;
        }
        // SAFETY: every `Item` is a NUL-terminated string of libpam's; it is copied at once.
        let value = unsafe { CStr::from_ptr(value.cast()) };
        Some(value.to_string_lossy().into_owned())
    }

    /// Everything the conversation was told or asked on this handle, in order.
    pub fn messages(&self) -> Vec<Message> {
        self.shared().transcript.borrow().messages().to_vec()
    }

    /// The texts the person saw without being asked anything.
    pub fn texts(&self) -> Vec<String> {
        let texts = self.messages().into_iter().filter(Message::is_text);
        texts.map(|message| message.text).collect()
    }

    /// How many prompts without echo the script could still meet.
    pub fn answers_left(&self) -> usize {
        self.shared().transcript.borrow().answers_left()
    }

    /// How long libpam would have slept at the end of the last `authenticate` or `change_token`: only
    /// after a failure. On a second call on the same handle libpam 1.5 still tells the delay asked for
    /// in an earlier one, though it would not sleep: use a fresh handle to tell that none was asked for.
    pub fn fail_delay(&self) -> Option<Duration> {
        let last = self.shared().delays.borrow().last().copied()?;
        (!last.code.is_success() && !last.delay.is_zero()).then_some(last.delay)
    }

    /// What libpam told at the end of each `authenticate` and `change_token`, successful ones too.
    pub fn fail_delays(&self) -> Vec<FailDelay> {
        self.shared().delays.borrow().clone()
    }

    /// From now on libpam waits itself after a failure, as for an application that says nothing of
    /// it. [`Application::fail_delays`] gets no more.
    pub fn let_libpam_wait(&mut self) -> Code {
        // SAFETY: the handle is open, and no function is what libpam begins with.
        Code::new(unsafe { ffi::pam_set_item(self.handle, ffi::PAM_FAIL_DELAY, ptr::null()) })
    }

    /// `pam_end` with the final status, of which the modules' clean-ups are told.
    pub fn end(mut self, status: Code) -> Code {
        self.finish(status.number())
    }

    /// `pam_end` with PAM_DATA_SILENT, as a forked child ends the handle its parent goes on using.
    pub fn end_silently(mut self, status: Code) -> Code {
        const PAM_DATA_SILENT: c_int = 0x4000_0000;
        self.finish(status.number() | PAM_DATA_SILENT)
    }

    fn shared(&self) -> &Shared {
        // SAFETY: from Box::into_raw in `start`, freed by `finish` only, which is last.
        unsafe { &*self.shared }
    }

    fn call(
        &mut self,
        function: unsafe extern "C" fn(*mut Handle, c_int) -> c_int,
        flags: Flags,
    ) -> Code {
        let guard = CALLS.read().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the handle is open, and `&mut self` keeps other calls on it away.
        self.last = Code::new(unsafe { function(self.handle, flags.bits()) });
        drop(guard);
        let panic = self.shared().transcript.borrow_mut().panic.take();
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        self.last
    }

    fn install_fail_delay(&mut self) -> Result<(), Error> {
        let delay: ffi::Delay = record_delay;
        let delay = delay as *const c_void;
        // SAFETY: this item is a function, of the type libpam calls it with.
        let code = unsafe { ffi::pam_set_item(self.handle, ffi::PAM_FAIL_DELAY, delay) };
        match Code::new(code) {
            Code::SUCCESS => Ok(()),
            code => Err(Error::Start(code)),
        }
    }

    fn finish(&mut self, status: c_int) -> Code {
        if self.handle.is_null() {
            return Code::SUCCESS;
        }
        let guard = CALLS.read().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: the handle is open, and is not used again: it becomes null.
        let code = Code::new(unsafe { ffi::pam_end(self.handle, status) });
        drop(guard);
        self.handle = ptr::null_mut();
        // SAFETY: from Box::into_raw in `start`; nothing can call back any more.
        drop(unsafe { Box::from_raw(self.shared) });
        code
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Application")
            .field("last", &self.last)
            .field("messages", &self.messages())
            .field("fail_delays", &self.fail_delays())
            .finish_non_exhaustive()
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        let _ = self.finish(self.last.number());
    }
}

fn text(text: impl AsRef<OsStr>) -> Result<CString, Error> {
    let text = text.as_ref();
    CString::new(text.as_bytes()).map_err(|_| Error::Nul(text.to_string_lossy().into_owned()))
}

/// libpam's way into the conversation.
///
/// # Safety
/// Called by libpam, with the `application` pointer it was given and `count` messages.
unsafe extern "C" fn converse(
    count: c_int,
    messages: *mut *const RawMessage,
    responses: *mut *mut RawResponse,
    application: *mut c_void,
) -> c_int {
    let count = match usize::try_from(count) {
        Ok(count) if count > 0 && !messages.is_null() => count,
        _ => return Code::CONV_ERR.number(),
    };
    // SAFETY: libpam passes an array of `count` pointers.
    let messages = unsafe { slice::from_raw_parts(messages, count) };
    // SAFETY: the pointer given to pam_start; the application frees it after pam_end only.
    let shared = unsafe { &*application.cast::<Shared>() };
    let mut transcript = shared.transcript.borrow_mut();

    let meet = AssertUnwindSafe(|| {
        let meet = |message: &*const RawMessage| {
            // SAFETY: it is one of libpam's messages.
            unsafe { transcript.meet(*message) }
        };
        messages.iter().map(meet).collect()
    });
    let replies: Vec<Reply> = match catch_unwind(meet) {
        Ok(replies) => replies,
        Err(panic) => {
            transcript.panic = Some(panic);
            return Code::CONV_ERR.number();
        }
    };
    if replies.contains(&Reply::Cancel) {
        return Code::CONV_ERR.number();
    }
    if replies.contains(&Reply::Again) {
        return Code::CONV_AGAIN.number();
    }
    if responses.is_null() {
        // A module that only tells something may leave no place for responses; one that asks, not.
        let asks = replies
            .iter()
            .any(|reply| matches!(reply, Reply::Answer(_)));
        return if asks { Code::CONV_ERR } else { Code::SUCCESS }.number();
    }
    let array = allocate(&replies);
    if array.is_null() {
        return Code::BUF_ERR.number();
    }
    // SAFETY: not null, hence the place libpam wants the array in.
    unsafe { responses.write(array) };
    Code::SUCCESS.number()
}

/// The responses in the form the module frees: an array of malloc'ed strings, itself malloc'ed.
fn allocate(replies: &[Reply]) -> *mut RawResponse {
    // SAFETY: calloc has no precondition; all zero is a response without a text.
    let array = unsafe { libc::calloc(replies.len(), size_of::<RawResponse>()) };
    let array = array.cast::<RawResponse>();
    if array.is_null() {
        return array;
    }
    // SAFETY: calloc gave room for so many, and zero is a valid value of each.
    let responses = unsafe { slice::from_raw_parts_mut(array, replies.len()) };
    for (response, reply) in responses.iter_mut().zip(replies) {
        let Reply::Answer(answer) = reply else {
            continue;
        };
        // SAFETY: calloc has no precondition; it leaves the NUL at the end.
        let text = unsafe { libc::calloc(answer.len() + 1, 1) };
        if text.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: `text` has room for the answer and is new.
        unsafe { ptr::copy_nonoverlapping(answer.as_ptr(), text.cast::<u8>(), answer.len()) };
        response.text = text.cast::<c_char>();
    }
    array
}

/// libpam's way to say how long the application should wait.
///
/// # Safety
/// Called by libpam, with the `application` pointer of the conversation.
unsafe extern "C" fn record_delay(code: c_int, micros: c_uint, application: *mut c_void) {
    // SAFETY: as in `converse`.
    let shared = unsafe { &*application.cast::<Shared>() };
    shared.delays.borrow_mut().push(FailDelay {
        code: Code::new(code),
        delay: Duration::from_micros(u64::from(micros)),
    });
}
