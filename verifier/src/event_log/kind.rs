//! The types of events and their names.

/// The name of an event type, or `unknown`.
///
/// TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, table "Events".
pub fn type_name(event_type: u32) -> &'static str {
    NAMES.iter().find(|(number, _)| *number == event_type).map_or("unknown", |(_, name)| name)
}

pub(super) const EV_NO_ACTION: u32 = 0x3;
pub(super) const EV_SEPARATOR: u32 = 0x4;
pub(super) const EV_ACTION: u32 = 0x5;
pub(super) const EV_EVENT_TAG: u32 = 0x6;
pub(super) const EV_IPL: u32 = 0xD;
pub(super) const EV_EFI_VARIABLE_DRIVER_CONFIG: u32 = 0x8000_0001;
pub(super) const EV_EFI_VARIABLE_BOOT: u32 = 0x8000_0002;
pub(super) const EV_EFI_BOOT_SERVICES_APPLICATION: u32 = 0x8000_0003;
pub(super) const EV_EFI_BOOT_SERVICES_DRIVER: u32 = 0x8000_0004;
pub(super) const EV_EFI_RUNTIME_SERVICES_DRIVER: u32 = 0x8000_0005;
pub(super) const EV_EFI_ACTION: u32 = 0x8000_0007;
pub(super) const EV_EFI_VARIABLE_BOOT2: u32 = 0x8000_000C;
pub(super) const EV_EFI_VARIABLE_AUTHORITY: u32 = 0x8000_00E0;
/// dstack's own (`DSTACK_RUNTIME_EVENT_TYPE` of its cc-eventlog), in lists alone.
pub(super) const DSTACK_RUNTIME: u32 = 0x0800_0001;

const NAMES: [(u32, &str); 40] = [
    (0x0, "EV_PREBOOT_CERT"),
    (0x1, "EV_POST_CODE"),
    (0x2, "EV_UNUSED"),
    (EV_NO_ACTION, "EV_NO_ACTION"),
    (EV_SEPARATOR, "EV_SEPARATOR"),
    (EV_ACTION, "EV_ACTION"),
    (EV_EVENT_TAG, "EV_EVENT_TAG"),
    (0x7, "EV_S_CRTM_CONTENTS"),
    (0x8, "EV_S_CRTM_VERSION"),
    (0x9, "EV_CPU_MICROCODE"),
    (0xA, "EV_PLATFORM_CONFIG_FLAGS"),
    (0xB, "EV_TABLE_OF_DEVICES"),
    (0xC, "EV_COMPACT_HASH"),
    (EV_IPL, "EV_IPL"),
    (0xE, "EV_IPL_PARTITION_DATA"),
    (0xF, "EV_NONHOST_CODE"),
    (0x10, "EV_NONHOST_CONFIG"),
    (0x11, "EV_NONHOST_INFO"),
    (0x12, "EV_OMIT_BOOT_DEVICE_EVENTS"),
    (0x13, "EV_POST_CODE2"),
    (DSTACK_RUNTIME, "DSTACK_RUNTIME"),
    (0x8000_0000, "EV_EFI_EVENT_BASE"),
    (EV_EFI_VARIABLE_DRIVER_CONFIG, "EV_EFI_VARIABLE_DRIVER_CONFIG"),
    (EV_EFI_VARIABLE_BOOT, "EV_EFI_VARIABLE_BOOT"),
    (EV_EFI_BOOT_SERVICES_APPLICATION, "EV_EFI_BOOT_SERVICES_APPLICATION"),
    (EV_EFI_BOOT_SERVICES_DRIVER, "EV_EFI_BOOT_SERVICES_DRIVER"),
    (EV_EFI_RUNTIME_SERVICES_DRIVER, "EV_EFI_RUNTIME_SERVICES_DRIVER"),
    (0x8000_0006, "EV_EFI_GPT_EVENT"),
    (EV_EFI_ACTION, "EV_EFI_ACTION"),
    (0x8000_0008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"),
    (0x8000_0009, "EV_EFI_HANDOFF_TABLES"),
    (0x8000_000A, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"),
    (0x8000_000B, "EV_EFI_HANDOFF_TABLES2"),
    (EV_EFI_VARIABLE_BOOT2, "EV_EFI_VARIABLE_BOOT2"),
    (0x8000_000D, "EV_EFI_GPT_EVENT2"),
    (0x8000_0010, "EV_EFI_HCRTM_EVENT"),
    (EV_EFI_VARIABLE_AUTHORITY, "EV_EFI_VARIABLE_AUTHORITY"),
    (0x8000_00E1, "EV_EFI_SPDM_FIRMWARE_BLOB"),
    (0x8000_00E2, "EV_EFI_SPDM_FIRMWARE_CONFIG"),
    (0x8000_00E3, "EV_EFI_SPDM_DEVICE_POLICY"),
];
