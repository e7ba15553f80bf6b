/** The schema of a released version: the number of its newest migration, and the SHA-256 of each of its files. */
export interface ReleasedSchema {
  readonly version: string;
  readonly schema: number;
  readonly files: Readonly<Record<string, string>>;
}

/**
 * From each of these a database must come up to date, whatever it holds; oldest first. A release adds its own, and what is
 * here never changes: these files have been applied.
 */
export const RELEASED_SCHEMAS: readonly ReleasedSchema[] = [
  {
    version: '0.1.0',
    schema: 81,
    files: {
      '0002_audit.sql': '4627a3bb406cf27bb5b7e784526a0992369277563f49bbf306c1354061936996',
      '0003_identity.sql': '45f451c175e28e336e03822faa8333f4ce05f27c12912a78b25cc92ab0e15977',
      '0004_approvals.sql': 'a6385441e572446f65b97061d1c3f0b4ecb1a780eee0cba005245165e21721aa',
      '0005_executions.sql': 'f883811a452fd521214c3db04d105d74807fdfd37f08f06f4905e62608427a5b',
      '0006_values.sql': '6f0ab8dd6becb8304e69a76b389f21c1bc5a11686ee6cfb252efb7be63727c94',
      '0007_gate.sql': 'd5b2bb4166b77de7807e7e6bf13214b5eee8b36fb29a35fdcb89568504c85412',
      '0008_runs.sql': 'f9e4f4e4434914a64ff4aeb1e38fcc20213977e851a14ab48a59b68cb2e113e5',
      '0009_notices.sql': '3b1b2cb8de9121e569fc6a7368cb6adba3325b6990a95a860c9ba0a64bebe934',
      '0010_identity.sql': '43a30fa231b4a56e2d0bd350683931b92115d062f0d8668b95725ea8d9346840',
      '0011_environment.sql': 'e2855ac64063adfe19e203a07e7bc80faad2e250b47c058eab2eefb1ce475078',
      '0014_pseudonyms.sql': 'ff1de679c7f11ce9a77951055fb57a2b944b7881f8025449904777d5859bf17e',
      '0015_history.sql': '0e2df9ea25d1afc2bdd6c62c833fb414fcc84b207d7140a92042601b24172b24',
      '0017_secrets.sql': 'fbf71ebecc1b4922ee6997e64efbd947c0c8ef70180efa4b44cc0d6936e5c458',
      '0018_value_life.sql': '19d05a5fe69819ce616b8ec967045fccfd592d3f84eff689ea66c21b8df3a5f6',
      '0020_settle_and_undo.sql': 'c175f622437264f8ecb36c2a3021b09adcef9d5e16bcd08d5cabe368cb4506ce',
      '0021_executor_apart.sql': '48fb37ee1880108161f3affb66d9b99b3d2617b6ad664ee620157cbab5b7fcf8',
      '0022_preview.sql': '65b13221d073cffd155fdd4d4c8b71189260aede2e495a3de44cbb7b5cca5e73',
      '0030_audit_cosignatures.sql': '17d6cbb5333d42c05a604aaaaf87da6d488c3f6cbaae85f39e0e63e8cb8db0f0',
      '0031_subject_keys.sql': '0785b856b02d19d00169a335eeb2ad679de76c6ecd39104ba593eba869c02bbf',
      '0033_audit_partitions.sql': '8199c9fa3bb62e0aec443b2454fcc589bbfbfeb2bc9ed95ef092797a9690d88a',
      '0034_audit_streams.sql': '330730a05d0c2d7297202578521441a6141dfbc901fc68a0facdd9da3cae12ea',
      '0040_restores.sql': 'b7fe6e1bc256e5f2a1d52eec5a1ba08cab61851ca822056d966e65fa31b0e571',
      '0043_reveals.sql': '481aef3b9528eebc4cba18f573973e741e629aeffbff0567824caa73424dcb72',
      '0048_model_states.sql': 'aab66d09ecf3dda02d9c5fc5bdad1f7f593da54b6c0e7259d45479c4a5b96147',
      '0049_budgets.sql': '961da6d4002ae79f66306ab4423afb45a500a4b9245a57bcb9d9f49ad88f2a3a',
      '0051_handoff_queue.sql': '0a76f740c93dfbf39bdf71363bc42493eba4be36a3bf59a0d72246c923966d5f',
      '0054_passkeys.sql': 'c617d3bc16d617c48c9329c04aad3317f175bf4a1587acc5c7673a413ca42171',
      '0055_approval_engine.sql': 'd7313355b89d5f835d1012660067e342fc5ceb38abe22992f957b6397c7269bd',
      '0059_session_proven.sql': '2ab3384a59183714f2fe125a1166af1b917f84e2f73ffd40d599b9ad01a5ef99',
      '0061_agent_sessions.sql': 'cd50dc10a0f8131ce49d3a54340a6b54a06761cbf3055bbbe4204f17e2ecaef8',
      '0062_mcp_definitions.sql': '6bca1e70c7c39296320df5b29aaa0a919f46bf4e9e0110ead13e2c7176f96191',
      '0063_streams_by_log.sql': '5a73fb22d997366d9fbdd1f374f7e584acd80f95d2485ca55400e6c02dcb061c',
      '0065_verdict_reasons.sql': '1b800b0d456faf4f76dfe50bc643a50f0fcb5baf19a4953c5aeb043493538ac6',
      '0066_amend_and_confirm.sql': '2d0beb677f11600a110a78206fe9e8bee47e485573f10cf9ab35bcd69620c618',
      '0067_oversight.sql': '350664350f0cdbcdc584a8943b9e3a5e2043922a048b81380cde2772b03c6284',
      '0068_notifications.sql': 'f93cf27ddfe70176ddb6a5a268184130cde2d2e8c3c8753d1650c17cd77f12a8',
      '0069_repeated_calls.sql': '955005d97dc5d43a069b0c2702a7285656bcac374229c4999eb53ad320e7c695',
      '0072_releases.sql': 'ce590bcb5ff4c2e0fc3edab95e7c66b834f73e3c4ef04dc1fcec113b6691e723',
      '0077_list_orders.sql': '58695e96ac2963ba5666a3a1686f7c9a33c2d648277da2380cf79a721154da2b',
      '0081_sealed_reasons.sql': '8585605ee949a34e7f6b516ce9064e7c0b6a6bb7bcc7e9223d0312d890f84b24',
    },
  },
];
