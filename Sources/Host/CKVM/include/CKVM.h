// Linux's KVM interface (linux/kvm.h, Documentation/virt/kvm/api.rst) in the form that Swift can use: `ioctl` is
// variadic and its request numbers are macros with arguments, neither of which Swift imports.
#ifndef CKVM_H
#define CKVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

/// Request numbers, in the order in which a machine is made.
enum ckvm_request : uint64_t {
    ckvm_get_api_version = KVM_GET_API_VERSION,
    ckvm_check_extension = KVM_CHECK_EXTENSION,
    ckvm_get_processor_map_byte_count = KVM_GET_VCPU_MMAP_SIZE,
    ckvm_get_supported_cpuid = KVM_GET_SUPPORTED_CPUID,
    ckvm_create_machine = KVM_CREATE_VM,
    ckvm_set_tss_address = KVM_SET_TSS_ADDR,
    ckvm_create_interrupt_controllers = KVM_CREATE_IRQCHIP,
    ckvm_set_memory_region = KVM_SET_USER_MEMORY_REGION,
    ckvm_set_interrupt_event = KVM_IRQFD,
    ckvm_set_io_event = KVM_IOEVENTFD,
    ckvm_create_processor = KVM_CREATE_VCPU,
    ckvm_set_cpuid = KVM_SET_CPUID2,
    ckvm_get_special_registers = KVM_GET_SREGS,
    ckvm_set_special_registers = KVM_SET_SREGS,
    ckvm_set_registers = KVM_SET_REGS,
    ckvm_get_statistics = KVM_GET_STATS_FD,
    ckvm_run = KVM_RUN,
};

/// Calls `ioctl` and answers its result, or the negated errno.
int ckvm_call(int descriptor, enum ckvm_request request, uint64_t argument);

/// `ckvm_call` with a structure to read, write or both.
int ckvm_call_with(int descriptor, enum ckvm_request request, void *argument);

enum { ckvm_interrupt_line_count = KVM_IOAPIC_NUM_PINS };

/// Connects interrupt lines to the I/O APIC alone. KVM's own choice is the PICs as well, whose vectors, as long as
/// nobody has programmed them, are those of exceptions. Answers 0 or the negated errno.
int ckvm_route_interrupts_to_io_apic(int machine);

/// Why `KVM_RUN` returned, taken out of the unions of `struct kvm_run`.
struct ckvm_exit {
    /// One of `KVM_EXIT_*`.
    uint32_t reason;
    bool is_write;
    /// Of each access, in bytes.
    uint32_t width;
    /// How many accesses, one after another in `data`: string instructions make several.
    uint32_t count;
    /// A port, or a physical address.
    uint64_t address;
    /// The bytes written, or the place for those read. Inside the `kvm_run` page.
    uint8_t *data;
    /// Of entry failures and internal errors: what KVM gives as the reason.
    uint64_t detail;
};

struct ckvm_exit ckvm_read_exit(struct kvm_run *run);

/// Has KVM keep writes to `byte_count` bytes at the physical `address` in a ring, without exits. 0 or a negated errno.
int ckvm_coalesce_writes(int machine, uint64_t address, uint32_t byte_count);

/// A write of the guest that KVM kept in a ring (`struct kvm_coalesced_mmio_ring`, one page), without an exit.
struct ckvm_coalesced_write {
    uint64_t address;
    /// Bytes of `data` that count; at most 8.
    uint32_t width;
    uint8_t data[8];
};

/// Takes the oldest write out of the ring; false when there is none. One thread at a time; KVM may be adding others.
bool ckvm_take_coalesced_write(struct kvm_coalesced_mmio_ring *ring, struct ckvm_coalesced_write *write);

/// Makes the next `KVM_RUN` return at once, and any later one until it is taken back. Callable from any thread and
/// from signal handlers.
void ckvm_set_immediate_exit(struct kvm_run *run, bool wanted);

/// Installs a handler that does nothing for `signal`: its arrival makes a blocking call return, and nothing else.
int ckvm_install_kick(int signal);

#endif
