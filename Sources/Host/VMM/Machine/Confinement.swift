import CKVM
import CLinux
import Glibc

/// What a monitor may still ask of the host once its machine is made: to move bytes between descriptors that are open,
/// to wait, to have memory, to run the guest, and to end. It can open no file, make no socket and start no program, so
/// that a guest that got hold of it would have got hold of little.
enum Confinement {
    /// For all threads, for good.
    static func begin() throws(VMMError) {
        let failure = linux_confine(calls, Int32(calls.count), UInt(ckvm_run.rawValue))
        guard failure == 0 else { throw .system(call: "seccomp", errno: failure) }
    }

    private static let calls: [Int32] = [
        // Bytes.
        SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_recvfrom, SYS_sendto, SYS_accept4, SYS_shutdown,
        SYS_setsockopt, SYS_close, SYS_getrandom,
        // Waiting and waking.
        SYS_epoll_ctl, SYS_epoll_wait, SYS_epoll_pwait, SYS_poll, SYS_futex, SYS_sched_yield, SYS_clock_gettime,
        SYS_clock_nanosleep, SYS_restart_syscall,
        // What glibc does first in a thread, which may not have run before the filter is there.
        SYS_set_robust_list, SYS_rseq,
        // Memory, as `malloc` asks for it; it counts processors before it shares arenas between threads.
        SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_sched_getaffinity,
        // Signals: the kick, and how a failed check of our own ends the process.
        SYS_rt_sigreturn, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_tgkill, SYS_getpid, SYS_gettid,
        // The end.
        SYS_exit, SYS_exit_group,
    ].map { Int32($0) }
}
