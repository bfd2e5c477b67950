#define _GNU_SOURCE
#include "CKVM.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

int ckvm_call(int descriptor, enum ckvm_request request, uint64_t argument) {
    int result = ioctl(descriptor, (unsigned long)request, argument);
    return result < 0 ? -errno : result;
}

int ckvm_call_with(int descriptor, enum ckvm_request request, void *argument) {
    int result = ioctl(descriptor, (unsigned long)request, argument);
    return result < 0 ? -errno : result;
}

int ckvm_route_interrupts_to_io_apic(int machine) {
    struct {
        struct kvm_irq_routing table;
        struct kvm_irq_routing_entry entries[ckvm_interrupt_line_count];
    } routing = {.table.nr = ckvm_interrupt_line_count};
    for (uint32_t line = 0; line < ckvm_interrupt_line_count; line++)
        routing.entries[line] = (struct kvm_irq_routing_entry){
            .gsi = line, .type = KVM_IRQ_ROUTING_IRQCHIP,
            .u.irqchip = {.irqchip = KVM_IRQCHIP_IOAPIC, .pin = line},
        };
    return ckvm_call_with(machine, (enum ckvm_request)KVM_SET_GSI_ROUTING, &routing);
}

struct ckvm_exit ckvm_read_exit(struct kvm_run *run) {
    struct ckvm_exit exit = {.reason = run->exit_reason};
    switch (run->exit_reason) {
    case KVM_EXIT_IO:
        exit.is_write = run->io.direction == KVM_EXIT_IO_OUT;
        exit.width = run->io.size;
        exit.count = run->io.count;
        exit.address = run->io.port;
        exit.data = (uint8_t *)run + run->io.data_offset;
        break;
    case KVM_EXIT_MMIO:
        exit.is_write = run->mmio.is_write;
        exit.width = run->mmio.len;
        exit.count = 1;
        exit.address = run->mmio.phys_addr;
        exit.data = run->mmio.data;
        break;
    case KVM_EXIT_FAIL_ENTRY: exit.detail = run->fail_entry.hardware_entry_failure_reason; break;
    case KVM_EXIT_INTERNAL_ERROR: exit.detail = run->internal.suberror; break;
    case KVM_EXIT_SYSTEM_EVENT: exit.detail = run->system_event.type; break;
    }
    return exit;
}

int ckvm_coalesce_writes(int machine, uint64_t address, uint32_t byte_count) {
    struct kvm_coalesced_mmio_zone zone = {.addr = address, .size = byte_count};
    return ckvm_call_with(machine, (enum ckvm_request)KVM_REGISTER_COALESCED_MMIO, &zone);
}

// What KVM_COALESCED_MMIO_MAX is reckoned from.
enum { PAGE_SIZE = 4096 };

bool ckvm_take_coalesced_write(struct kvm_coalesced_mmio_ring *ring, struct ckvm_coalesced_write *write) {
    uint32_t first = ring->first;
    if (first == __atomic_load_n(&ring->last, __ATOMIC_ACQUIRE) || first >= KVM_COALESCED_MMIO_MAX) return false;
    const struct kvm_coalesced_mmio *entry = &ring->coalesced_mmio[first];
    write->address = entry->phys_addr;
    write->width = entry->len < sizeof write->data ? entry->len : sizeof write->data;
    memcpy(write->data, entry->data, sizeof write->data);
    __atomic_store_n(&ring->first, (first + 1) % KVM_COALESCED_MMIO_MAX, __ATOMIC_RELEASE);
    return true;
}

void ckvm_set_immediate_exit(struct kvm_run *run, bool wanted) {
    __atomic_store_n(&run->immediate_exit, wanted ? 1 : 0, __ATOMIC_SEQ_CST);
}

static void ignore(int signal) { (void)signal; }

int ckvm_install_kick(int signal) {
    struct sigaction action = {.sa_handler = ignore};
    sigemptyset(&action.sa_mask);
    return sigaction(signal, &action, NULL) == 0 ? 0 : errno;
}
